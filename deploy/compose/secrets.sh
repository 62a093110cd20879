#!/bin/bash
# Makes what is secret, once: passwords, a CA and Elasticsearch's certificate, and the configuration
# files that hold them. What is there stays. Each file is readable by its reader alone, or by its
# reader's group where that runs under another user in each image.
set -euo pipefail
umask 077
cd "$SECRETS"
if [ -e done ]; then
  echo "secrets: they are there"
  exit 0
fi

secret() { # 32 letters and digits
  local s
  s=$(head -c 512 /dev/urandom | base64 -w0 | tr -dc 'a-zA-Z0-9')
  printf '%s' "${s:0:32}"
}
put() { # FILE OWNER MODE, its content on standard input
  mkdir -p "$(dirname "$1")"
  chmod 0755 "$(dirname "$1")"
  cat >"$1"
  chmod "$3" "$1"
  chown "$2" "$1"
}

elastic=$(secret) kibana=$(secret) kafka=$(secret) setup=$(secret) worker=$(secret) reader=$(secret) ingest=$(secret) token=$(secret)

# The CA, and a certificate for the name under which the containers know Elasticsearch.
certutil="${CERTUTIL:-/usr/share/elasticsearch/bin/elasticsearch-certutil}"
work=$(mktemp -d)
"$certutil" ca --silent --pem --days 3650 --out "$work/ca.zip"
unzip -q "$work/ca.zip" -d "$work"
"$certutil" cert --silent --pem --days 3650 --name elasticsearch --dns elasticsearch --dns localhost --ip 127.0.0.1 \
  --ca-cert "$work/ca/ca.crt" --ca-key "$work/ca/ca.key" --out "$work/cert.zip"
unzip -q "$work/cert.zip" -d "$work"
put ca.crt 0:0 0644 <"$work/ca/ca.crt"
put elasticsearch/elasticsearch.crt 0:0 0644 <"$work/elasticsearch/elasticsearch.crt"
put elasticsearch/elasticsearch.key 1000:0 0600 <"$work/elasticsearch/elasticsearch.key"
rm -rf "$work" # the CA's key too: it has nothing more to sign

printf '%s' "$elastic" | put elasticsearch/elastic 1000:0 0600
printf '%s' "$kibana" | put kibana/password 1000:0 0600
printf 'security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="dateline" password="%s";\n' "$kafka" |
  put kafka/client.properties 1000:0 0600
printf '%s' "$kafka" | put kafka/password 1000:0 0600
for user in setup worker reader ingest; do
  printf '%s' "${!user}" | put "users/$user" 0:0 0600
done

# A configuration file for each kind of process.
kafka_settings() { printf 'kafka: [%s]\nkafka-sasl: plain\nkafka-user: dateline\nkafka-password: %s\n' "$KAFKA" "$kafka"; }
elasticsearch_settings() { printf 'elasticsearch: [%s]\nelasticsearch-ca: /secrets/ca.crt\nelasticsearch-user: dateline_%s\nelasticsearch-password: %s\n' "$ELASTICSEARCH" "$1" "${!1}"; }
{ kafka_settings; elasticsearch_settings worker; } | put dateline.yaml 65532:65532 0400
{ kafka_settings; elasticsearch_settings ingest; } | put ingest.yaml 65532:65532 0400
{ kafka_settings; elasticsearch_settings setup; printf 'kibana: %s\nkibana-user: elastic\nkibana-password: %s\n' "$KIBANA" "$elastic"; } | put setup.yaml 65532:65532 0400
{ elasticsearch_settings reader; printf 'token: %s\n' "$token"; } | put serve.yaml 65532:65532 0400

printf 'elastic: %s\ntoken: %s\n' "$elastic" "$token" | put passwords 0:0 0400
chmod 0755 .
: >done
echo "secrets: made"
