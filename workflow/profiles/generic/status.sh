#!/bin/sh
# Tell Snakemake how a PBS job fares, by its id: running, success or failed.
facts=$(qstat -x -f "$1") || { echo running; exit; } # no answer says nothing about the job
case $(echo "$facts" | sed -n 's/^ *job_state = //p') in
F) [ "$(echo "$facts" | sed -n 's/^ *Exit_status = //p')" = 0 ] && echo success || echo failed ;;
*) echo running ;;
esac
