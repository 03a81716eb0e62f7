#!/bin/sh
# Writes .env with random secrets for compose.yaml, unless it is there.
set -eu
cd "${1:-$(dirname "$0")}"
if [ -e .env ]; then
  echo ".env is there already" >&2
  exit 0
fi
# random BYTES: as hex.
random() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

umask 077
{
  echo "FIEF_SECRET=$(random 32)"
  # A Fernet key: 32 bytes in URL-safe Base64.
  echo "FIEF_ENCRYPTION_KEY=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
  echo "FIEF_ADMIN_CLIENT_ID=$(random 16)"
  echo "FIEF_ADMIN_CLIENT_SECRET=$(random 32)"
  echo "FIEF_ADMIN_API_KEY=$(random 32)"
  echo "FIEF_PASSWORD=$(random 12)"
  echo "DATABASE_PASSWORD=$(random 16)"
  echo "SESSION_KEY=$(random 32)"
} >.env
echo "Sign in as: anne@example.com / $(sed -n 's/^FIEF_PASSWORD=//p' .env)"
