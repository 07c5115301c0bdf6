#!/usr/bin/env bash
# What the checks need from Debian beside Python: a browser for the pages, Node for servers that are
# not ours, and the means to make the Debian root that TimescaleDB runs in. Installed as root; otherwise said in words.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v mosquitto_pub >/dev/null || missing+=(mosquitto-clients)
command -v curl >/dev/null || missing+=(curl)
command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
{ command -v node && command -v npm; } >/dev/null || missing+=(nodejs npm)
[ -x /usr/sbin/dovecot ] || missing+=(dovecot-imapd)
command -v setpriv >/dev/null || missing+=(util-linux)
compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(libfaketime)
test -e /usr/share/keyrings/debian-archive-keyring.gpg || missing+=(debian-archive-keyring)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "The checks need these Debian packages: ${missing[*]}"
  echo "Install them with: sudo apt-get install ${missing[*]}"
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

# The tests run servers of their own; those that come with the packages would hold their ports.
case " ${missing[*]} " in
  *" dovecot-imapd "*) { systemctl disable --now dovecot || service dovecot stop; } >/dev/null 2>&1 || true ;;
esac
case " ${missing[*]} " in
  *" mosquitto "*) { systemctl disable --now mosquitto || service mosquitto stop; } >/dev/null 2>&1 || true ;;
esac
