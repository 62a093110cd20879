#!/bin/bash
# Starts the broker with the password that secrets.sh has made.
set -euo pipefail
password=$(cat /secrets/kafka/password)
export KAFKA_LISTENER_NAME_SASL__PLAINTEXT_PLAIN_SASL_JAAS_CONFIG="org.apache.kafka.common.security.plain.PlainLoginModule required username=\"dateline\" password=\"$password\" user_dateline=\"$password\";"
exec /etc/kafka/docker/run
