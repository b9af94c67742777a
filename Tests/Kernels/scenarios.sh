# SPDX-License-Identifier: Apache-2.0
# Runs in a guest: plays all scenarios under the sensor, once for each hook that
# /hooks names, then silences hooks if /silence is there, and prints what came
# of it all as one archive.
mkdir -p /out /cgroup1
mount -t cgroup -o pids none /cgroup1

# starts the sensor and waits until it is ready: watch NAME OPTION...
watch() {
	name=$1
	shift
	/imdswatch run --max-alerts 0 --rules /rules/imds-api-request.toml \
		--rules /rules/imds-other-endpoints.toml "$@" >"/out/$name.records" 2>>"/out/$name.log" &
	sensor=$!
	waited=0
	until grep -q '^ready' "/out/$name.log"; do
		waited=$((waited + 1))
		kill -0 "$sensor" 2>/dev/null && [ $waited -lt 600 ] || return 1
		sleep 0.1
	done
}

play() {
	hook=$1
	rm -f /go
	mkfifo /go
	/arena -n -T 400 -- /usr/lib/x/player /table </go >"/out/$hook.report" 2>&1 &
	player=$!
	exec 5>/go
	until grep -q '^prepared' "/out/$hook.report"; do
		kill -0 "$player" || break
		sleep 0.1
	done
	if watch "$hook" --hook "$hook"; then
		echo go >&5
		exec 5>&-
		wait "$player"
		sleep 1
		kill -TERM "$sensor"
		wait "$sensor"
		echo "status $?" >>"/out/$hook.log"
	else
		exec 5>&-
		kill "$player"
		wait "$player"
	fi
}

# Each silencer in turn, with an access before, while the lower hook is in use,
# and after the better one is back.
changes() {
	grep -c '"action":"hook_changed"' /out/silence.records
}

await_change() {
	waited=0
	until [ "$(changes)" -ge "$1" ]; do
		waited=$((waited + 1))
		[ $waited -lt 90 ] || { echo "no change $1 within 90 s" >>/out/silence.log; return; }
		sleep 1
	done
	echo "change $1 after $waited s" >>/out/silence.log
}

access() {
	echo "access $1" >>/out/silence.log
	/arena -n -- /bin/sh -c '/usr/lib/x/curl; exit 0' >/dev/null 2>&1
	sleep 1
}

silence() {
	cp /fixed_client /usr/lib/x/curl
	watch silence --hook "$1" --stats-interval 0 || return
	access before
	if echo 0 2>/dev/null >"$2"; then
		await_change 1
		access silenced
		echo 1 >"$2"
		await_change 2
		access restored
	else
		echo "refused" >>/out/silence.log
	fi
	kill -TERM "$sensor"
	wait "$sensor"
	for file in records log; do mv /out/silence.$file "/out/silence-$3.$file"; done
}

for hook in $(cat /hooks); do
	echo "playing with $hook"
	play "$hook"
done
if [ -f /silence ]; then
	echo "silencing ftrace, and then kprobes"
	silence auto /proc/sys/kernel/ftrace_enabled ftrace
	silence kprobe /sys/kernel/debug/kprobes/enabled kprobes
fi
cd /out || exit 1
echo BEGIN-ARCHIVE
tar -c . | gzip -9 | base64
echo END-ARCHIVE
