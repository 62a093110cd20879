#!/bin/bash
# Gives Elasticsearch the users that secrets.sh has made passwords for. It may run again at any time.
set -euo pipefail
call() { # METHOD PATH, the body on standard input; the password goes by a file, not by the command line
  local status
  status=$(curl -sS -o /tmp/answer -w '%{http_code}' --cacert "$SECRETS/ca.crt" -K <(printf 'user = "elastic:%s"' "$(cat "$SECRETS/elasticsearch/elastic")") \
    -X "$1" -H 'Content-Type: application/json' --data-binary @- "$ELASTICSEARCH$2")
  if [ "$status" != 200 ]; then
    echo "users: $1 $2 answers $status: $(cat /tmp/answer)" >&2
    exit 1
  fi
}
printf '{"password": "%s"}' "$(cat "$SECRETS/kibana/password")" | call POST /_security/user/kibana_system/_password
# The role editor is for serve --edit.
call PUT /_security/role/dateline_editor </compose/roles/editor.json
for role in setup worker reader ingest; do
  call PUT "/_security/role/dateline_$role" <"/compose/roles/$role.json"
  printf '{"password": "%s", "roles": ["dateline_%s"]}' "$(cat "$SECRETS/users/$role")" "$role" | call PUT "/_security/user/dateline_$role"
done
echo "users: made"
