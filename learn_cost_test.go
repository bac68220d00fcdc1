//go:build unix

package winnow_test

import (
	"bufio"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/internal/shared"
)

// BenchmarkLearningOnAndOff scans recorded mails by turns without a Learner and
// with one that has learned some hundreds and keeps what it sees. Its figures are
// the processor's time for a mail, that of the Learner's own goroutine included, and
// the share by which it grows; allocations are those of the Learner's scans alone.
//
//	CORPUS=DIR go test -run - -bench LearningOnAndOff -benchtime 3x .
func BenchmarkLearningOnAndOff(b *testing.B) {
	list, classes := recordedMails(b)
	l := learner(b)
	off, err := winnow.New(winnow.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer off.Close(b.Context())
	on, err := winnow.New(winnow.Options{Learner: l})
	if err != nil {
		b.Fatal(err)
	}
	defer on.Close(b.Context())
	for i := 0; i < len(list); i += 8 {
		if _, err := on.Learn(b.Context(), list[i], classes[i], winnow.LearnOptions{Source: bayes.Import}); err != nil {
			b.Fatal(err)
		}
	}
	var spent [2]time.Duration
	all := func(i int, s *winnow.Scanner) {
		before := processor(b)
		for _, m := range list {
			if _, err := s.Scan(b.Context(), m); err != nil {
				b.Fatal(err)
			}
		}
		if i == 1 {
			if err := l.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		spent[i] += processor(b) - before
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		all(0, off)
		b.StartTimer()
		all(1, on)
		n += len(list)
	}
	b.ReportMetric(float64(spent[0])/1000/float64(n), "µs-off/mail")
	b.ReportMetric(float64(spent[1])/1000/float64(n), "µs-on/mail")
	b.ReportMetric(float64(spent[1])/float64(spent[0]), "on/off")
}

// recordedMails reads every fourth recorded mail with its envelope.
func recordedMails(b *testing.B) (list []*winnow.Message, classes []bayes.Class) {
	root := os.Getenv("CORPUS")
	if root == "" {
		b.Skip("CORPUS names no directory of the recorded mails")
	}
	f, err := os.Open(shared.Path(b, "golden/manifest.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for n, s := 0, bufio.NewScanner(f); s.Scan(); n++ {
		var line struct {
			Class, File string
			Env         struct{ From, Helo, Hostname, IP, Rcpt string }
		}
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			b.Fatal(err)
		}
		if n%4 > 0 || line.Class != "ham" && line.Class != "spam" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(root, line.File))
		if err != nil {
			b.Fatal(err)
		}
		m := &winnow.Message{Body: winnow.FromBytes(raw)}
		e := &m.Envelope
		e.From, e.HasFrom, e.Helo, e.ClientName, e.Rcpts = line.Env.From, true, line.Env.Helo, line.Env.Hostname, []string{line.Env.Rcpt}
		e.ClientIP, _ = netip.ParseAddr(line.Env.IP) // a mail without one is one of ours
		list, classes = append(list, m), append(classes, bayes.Class(line.Class))
	}
	return list, classes
}

func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
