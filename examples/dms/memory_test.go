package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestBytesFlag(t *testing.T) {
	for s, want := range map[string]int64{"0": 0, "17": 17, "4KiB": 4096, "256MiB": 256 << 20, "2GiB": 2 << 30, "": -1, "-1": -1, "1MB": -1, "99999999GiB": -1, "MiB": -1} {
		var b bytesFlag
		if err := b.Set(s); (err != nil) != (want < 0) || err == nil && int64(b) != want {
			t.Errorf("%q: %d, %v", s, b, err)
		}
	}
}

// Eight clients that send 32 MiB at once do not make the daemon larger than its
// account and what it needs itself.
func TestMemoryOfLongMail(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc: the peak of the resident size can't be read")
	}
	if testing.Short() {
		t.Skip("scans 256 MiB")
	}
	const most = 300 << 20
	// The race detector's own memory is not the daemon's.
	program := filepath.Join(t.TempDir(), "dms")
	build := exec.Command("go", "build", "-race=false", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as test.sh has compiled the rest
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, mail := range map[string][]byte{"an attachment": longMail(32 << 20), "many texts": manyTexts(32 << 20)} {
		t.Run(name, func(t *testing.T) {
			if peak := peakOf(t, program, mail); peak > most {
				t.Errorf("peak %d MiB", peak>>20)
			}
		})
	}
}

// peakOf returns the most memory that the daemon ever had resident while eight
// clients sent the mail.
func peakOf(t *testing.T, program string, mail []byte) int {
	cmd := exec.Command(program, "-controller", "127.0.0.1:0", "-memory", "256MiB")
	out, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // Wait tells
		if err := cmd.Wait(); err != nil {
			t.Errorf("the daemon: %v", err)
		}
	}()
	lines := bufio.NewReader(out)
	said, err := lines.ReadString('\n')
	addr := regexp.MustCompile(`controller=(\S+)`).FindStringSubmatch(said)
	if err != nil || addr == nil {
		t.Fatalf("the daemon said %q: %v", said, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			res, err := http.Post("http://"+addr[1]+"/checkv2", "message/rfc822", bytes.NewReader(mail))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if b, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("%s: %s, %v", res.Status, b, err)
			}
		})
	}
	work.Wait()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if peak == nil {
		t.Skip("the system does not tell the peak of the resident size")
	}
	kb, err := strconv.Atoi(string(peak[1]))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("peak %d MiB", kb>>10)
	return kb << 10
}

// longMail is a text with an attachment.
func longMail(size int) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@example.org\r\nTo: b@example.net\r\nSubject: long\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSee the attachment.\r\n" +
		"--x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	line := strings.Repeat("QUJD", 19) + "\r\n"
	for b.Len() < size {
		b.WriteString(line)
	}
	b.WriteString("--x--\r\n")
	return b.Bytes()
}

// manyTexts is a message of texts of a MiB each, every one below the limits.
func manyTexts(size int) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@example.org\r\nTo: b@example.net\r\nSubject: long\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=x\r\n\r\n")
	text := strings.Repeat("A line of several words, as people write them.\r\n", 1<<20/48)
	for b.Len() < size-len(text) {
		b.WriteString("--x\r\nContent-Type: text/plain\r\n\r\n" + text)
	}
	b.WriteString("--x--\r\n")
	return b.Bytes()
}
