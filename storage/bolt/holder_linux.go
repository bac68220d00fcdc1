package bolt

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// holder says which process has a file locked, as the end of an error's text;
// "" if that can't be told.
func holder(path string) string {
	st, err := os.Stat(path)
	if err != nil {
		return ""
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return ""
	}
	defer locks.Close()
	pid := lockedBy(locks, sys.Ino)
	if pid <= 0 {
		return ""
	}
	if pid == os.Getpid() {
		return " by this process"
	}
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return fmt.Sprintf(" by process %d", pid)
	}
	return fmt.Sprintf(" by process %d (%s)", pid, bytes.TrimSpace(comm))
}

// lockedBy returns the process that holds a flock on an inode, going by the
// lines of /proc/locks, or 0. Their device numbers are left aside, since they
// differ from those of stat on some file systems.
//
//	1: FLOCK  ADVISORY  WRITE 4242 fe:00:1234 0 EOF
func lockedBy(locks io.Reader, inode uint64) int {
	lines := bufio.NewScanner(locks)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 6 || f[1] != "FLOCK" || f[3] != "WRITE" || !strings.HasSuffix(f[5], fmt.Sprintf(":%d", inode)) {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil {
			return pid
		}
	}
	return 0
}
