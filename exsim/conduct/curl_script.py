"""The script that `show --curl` prints, with places (two at signs) for what is known of the run.

bash 3.2 and curl are all that it needs.  No secret stands in it, and copies of the cookies are shown to
nodes, never the jar itself: no answer can change what the next node is shown.
"""

from __future__ import annotations

SCRIPT = r"""#!/usr/bin/env bash
# @@TITLE@@, asked again by curl alone.
# @@SEEN@@
#
# Logs on once, keeps the logon cookies, and shows copies of them to nodes:
#
@@PLAN@@
#
# It writes nothing into the mailbox.  A node that reads the cookies tries the password in them, so each
# request counts there like a logon.  The password is $EXSIM_PASSWORD, or is asked for.
#
# Where to connect (Host and server name stay those of the URL), if it is no longer as in the run:
# EXSIM_BALANCER=10.0.0.50:443, and for each node "10.0.1.13:443" or "http://10.0.1.13:80":
@@VARIABLES@@
# A node whose variable is empty is looked for through the balancer, at most 20 times.
#
# Exit: 0 as in the run, 1 otherwise, 4 nobody answered or the logon was refused.
set -euo pipefail
shopt -s nocasematch

host=@@HOST@@
user=@@USER@@
balancer=${EXSIM_BALANCER-@@BALANCER@@}
lb_cookie=@@LB_COOKIE@@  # the balancer's own persistence cookie, if it has one
logon_node=@@LOGON_NODE@@
tries=20
certificates=@@CERTIFICATES@@

address_of() { # NODE: where it is, or nothing
  case $1 in
@@ADDRESSES@@
    *) ;;
  esac
}

password=${EXSIM_PASSWORD-}
unset EXSIM_PASSWORD
if [ -z "$password" ]; then
  if [ ! -t 0 ]; then
    echo "set EXSIM_PASSWORD to the password of $user" >&2
    exit 2
  fi
  read -rs -p "password of $user: " password
  echo >&2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# send ADDRESS METHOD PATH [option of curl]...: one request.  Its head is left in $work/head.
send() {
  local address=$1 method=$2 path=$3 scheme=https port=443
  shift 3
  case $address in
    http://*) scheme=http port=80 ;;
  esac
  address=${address#*://}
  case $host in
    *:*) port=${host##*:} ;;
  esac
  if ! status=$(curl -q ${certificates[@]+"${certificates[@]}"} --silent --show-error --http1.1 --noproxy '*' --max-time 60 \
    --user-agent @@AGENT@@ --request "$method" --connect-to "${host%%:*}:$port:$address" \
    --dump-header "$work/head" --output /dev/null --write-out '%{http_code}' \
    "$@" "$scheme://$host$path"); then
    echo "$address: no answer" >&2
    exit 4
  fi
  answered=$(header X-FEServer)
  if [ -z "$answered" ]; then
    answered=$(header X-DiagInfo) # all that Exchange 2010 says
  fi
}

# header NAME: its value in the last answer, or nothing.
header() {
  local line
  while IFS= read -r line; do
    line=${line%$'\r'}
    if [[ ${line%%:*} == "$1" ]]; then
      line=${line#*:}
      printf '%s' "${line# }"
      return
    fi
  done <"$work/head"
}

# deleted: the names of the cookies that the last answer deletes.
deleted() {
  local line name rest found=""
  while IFS= read -r line; do
    if [[ ${line%%:*} == Set-Cookie ]]; then
      line=${line#*:}
      name=${line%%=*} rest=${line#*=}
      if [ -z "${rest%%;*}" ]; then found="$found${name# } "; fi
    fi
  done <"$work/head"
  printf '%s' "${found% }"
}

# reason: why a redirect leads to the logon page, or where else it leads.
reason() {
  local location
  location=$(header Location)
  if [[ $location =~ reason=([0-9]+) ]]; then
    printf 'reason=%s' "${BASH_REMATCH[1]}"
  elif [ -n "$location" ]; then
    printf 'to %s' "${location%%\?*}"
  fi
}

# row METHOD PATH NODE: the last answer as a line.
row() {
  local gone
  gone=$(deleted)
  printf '%-5s%-25s%-16s%-16s%-5s%-10s%s\n' "$1" "$2" "${3:--}" "${answered:--}" "$status" \
    "$(reason)" "${gone:+deletes $gone}" | tr -d '\000-\010\013-\037\177'
}

# copy ADDRESS: a copy of the cookies, to be shown to one node and then forgotten.
copy() {
  local domain below path secure ends name value
  while IFS=$'\t' read -r domain below path secure ends name value; do
    if [ -z "$name" ]; then continue; fi
    if [ "$1" = "$balancer" ] && [[ $name == "$lb_cookie" ]]; then continue; fi # it would stay where it is
    if [[ $1 == http://* ]]; then secure=FALSE; fi # TLS ends before this node
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$domain" "$below" "$path" "$secure" "$ends" "$name" "$value"
  done <"$work/jar" >"$work/copy"
}

# log_on ADDRESS: the form, with every field of it.  The password goes through a pipe, not on a command line.
log_on() {
  rm -f "$work/jar"
  send "$1" POST /owa/auth.owa --cookie-jar "$work/jar" \
    --cookie 'PBack=0; PrivateComputer=true; cookieTest=1' \
    --data-urlencode "destination=https://$host/owa/" --data flags=@@FLAGS@@ --data forcedownlevel=0 \
    --data-urlencode "username=$user" --data-urlencode password@- --data passwordText= --data isUtf8=1 \
    < <(printf '%s' "$password")
  row POST /owa/auth.owa "$logon_node"
  if ! grep -qE $'\t(cadata|sessionid)\t' "$work/jar" 2>/dev/null; then
    echo "the logon was not accepted; nothing more is tried" >&2
    exit 4
  fi
}

# ask METHOD PATH NODE EXPECTED: one question, with a copy of the cookies.
ask() {
  local address try body=()
  address=$(address_of "$3")
  if [ "$1" = POST ]; then body=(--data '' --header 'Content-Type:'); fi
  if [ -n "$address" ]; then
    copy "$address"
    send "$address" "$1" "$2" --cookie "$work/copy" ${body[@]+"${body[@]}"}
  else
    for ((try = 0; try < tries; try++)); do
      copy "$balancer"
      send "$balancer" "$1" "$2" --cookie "$work/copy" ${body[@]+"${body[@]}"}
      if [[ $answered == "$3" ]]; then break; fi
    done
  fi
  row "$1" "$2" "$3"
  if [[ $answered != "$3" || $status != "$4" ]]; then as_seen=no; fi
}

as_seen=yes
printf '%-5s%-25s%-16s%-16s%-5s%s\n' "" request asked X-FEServer "" answer

address=$(address_of "$logon_node")
if [ -n "$address" ]; then
  log_on "$address"
else
  for ((try = 0; try < tries; try++)); do
    log_on "$balancer"
    if [ -z "$logon_node" ]; then logon_node=$answered; fi
    if [[ $answered == "$logon_node" ]]; then break; fi
  done
  if [[ $answered != "$logon_node" ]]; then
    echo "no logon was answered by $logon_node; nothing more is tried" >&2
    exit 4
  fi
fi

@@QUESTIONS@@

if [ "$as_seen" = yes ]; then
  echo "As in the run."
else
  echo "Not as in the run."
  exit 1
fi
"""
