#!/bin/bash
# Starts Kibana with the password that secrets.sh has made.
set -euo pipefail
ELASTICSEARCH_PASSWORD=$(cat /secrets/kibana/password)
export ELASTICSEARCH_PASSWORD
exec /usr/local/bin/kibana-docker
