package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/winnowmail/winnow/examples/internal/postfix"
	"github.com/winnowmail/winnow/internal/redistest"
)

// stormSize is how many clients send how many mails each; WINNOW_STORM=200x25
// makes it a real one.
func stormSize(t *testing.T) (clients, each int) {
	size := cmp.Or(os.Getenv("WINNOW_STORM"), "20x10")
	if _, err := fmt.Sscanf(size, "%dx%d", &clients, &each); err != nil || clients*each < 4 {
		t.Fatalf("WINNOW_STORM: %q, %v", size, err)
	}
	return clients, each
}

// storm has clients send mail at once while the daemon, a process of its own, is
// restarted twice and killed once. Each mail is delivered once, with a verdict
// in the log that was given to it and none other: their queue and message ids
// are the same.
func storm(t *testing.T, mta *postfix.Server, addr string) {
	clients, each := stormSize(t)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	process := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-controller", "127.0.0.1:0", "-store-budget", "-1s", "-milter", addr, "-profile", "dms", "-maps", "none")
		cmd.Env, cmd.Stderr = append(os.Environ(), "DMS_TEST_RUN=1"), log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		redistest.Await(t, "the daemon listens", func() bool {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				c.Close()
			}
			return err == nil
		})
		return cmd
	}
	daemon := process()
	end := func(how os.Signal) {
		if err := daemon.Process.Signal(how); err != nil {
			t.Error(err)
		}
		if err := daemon.Wait(); err != nil && how != syscall.SIGKILL {
			t.Errorf("the daemon ended with %v", err)
		}
	}
	defer func() { end(syscall.SIGTERM) }()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for i := range clients {
		wg.Go(func() {
			for n := range each {
				msg := strings.Replace(text, "<1@", fmt.Sprintf("<%d.%d@", i, n), 1) + "hello\r\n"
				for ctx.Err() == nil && send(mta.Addr, "ann@example.org", bob, msg) != nil {
					time.Sleep(50 * time.Millisecond) // it is put off
				}
			}
		})
	}
	delivered, all := map[string]string{}, clients*each // queue ids by message id
	received, messageID := regexp.MustCompile(`(?s)^Received: .*? id ([0-9A-Za-z]+)\r\n`), regexp.MustCompile(`(?m)^Message-ID: <(.*)>\r$`)
	for n := range all {
		switch n {
		case all / 4, 3 * all / 4:
			end(syscall.SIGTERM)
			daemon = process()
		case all / 2:
			end(syscall.SIGKILL)
			daemon = process()
		}
		d := mta.Next(t)
		id, qid := messageID.FindStringSubmatch(d.Raw), received.FindStringSubmatch(d.Raw)
		if id == nil || qid == nil || delivered[id[1]] != "" || !strings.Contains(d.Raw, "\r\nX-Rspamd-Queue-Id: "+qid[1]+"\r\n") {
			t.Fatalf("%v, %v: delivered %q", id, qid, d.Raw)
		}
		delivered[id[1]] = qid[1]
	}
	wg.Wait()
	if n := mta.Waiting(); n > 0 {
		t.Errorf("%d more mails than were sent", n)
	}
	lines, err := os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]int{} // by message and queue id
	for _, v := range regexp.MustCompile(`(?m); id: <(.*?)>, qid: <(.*?)>,.*\(no action\).*, reply: accept$`).FindAllStringSubmatch(string(lines), -1) {
		verdicts[v[1]+" "+v[2]]++
	}
	for id, qid := range delivered {
		if n := verdicts[id+" "+qid]; n != 1 {
			t.Errorf("%d verdicts for %s with the queue id %s", n, id, qid)
		}
	}
	t.Logf("%d mails delivered, %d verdicts", len(delivered), len(verdicts))
}
