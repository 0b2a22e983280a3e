#!/bin/sh
# The last word of an image's build: nothing that installs, compiles or downloads stays within reach.
set -eu
for place in /usr/local/lib/python3.11/site-packages /usr/local/lib/python3.11/dist-packages /usr/lib/python3/dist-packages; do
  rm -rf "$place"/pip "$place"/pip-* "$place"/wheel "$place"/wheel-*
done
rm -rf /usr/local/lib/python3.11/ensurepip /usr/lib/python3.11/ensurepip
rm -f /usr/local/bin/pip* /usr/bin/pip* /usr/local/bin/wheel /usr/bin/wheel /tmp/requirements.txt /tmp/remove-tools.sh
