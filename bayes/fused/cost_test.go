//go:build unix

package fused

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
)

// BenchmarkRecordedMails judges recorded mails that were parsed and whose texts
// were read, as a scan has them, by a model that has learned a few hundred. Its
// figure is the time that the processor spent on one, whatever else runs:
//
//	CORPUS=DIR go test -run - -bench RecordedMails ./bayes/fused
func BenchmarkRecordedMails(b *testing.B) {
	list, spam := recorded(b)
	for name, windows := range map[string]bool{"usual": false, "windows": true} {
		b.Run(name, func(b *testing.B) {
			m := newModel(b, Options{Windows: windows})
			for i := 0; i < len(list); i += 8 {
				teach(b, m, m.Features(list[i], nil, ""), spam[i], true)
			}
			b.ReportAllocs()
			n := 0
			before := processor(b)
			for b.Loop() {
				for _, msg := range list {
					m.Classify(m.Features(msg, nil, ""))
				}
				n += len(list)
			}
			b.ReportMetric(float64(processor(b)-before)/1000/float64(n), "µs/mail")
		})
	}
}

// recorded reads every fourth mail.
func recorded(b *testing.B) (list []*mail.Message, spam []bool) {
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
		var line struct{ Class, File string }
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			b.Fatal(err)
		}
		if n%4 > 0 {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(root, line.File))
		if err != nil {
			b.Fatal(err)
		}
		msg := mail.Parse(raw, mail.Envelope{}, mail.Limits{})
		for _, t := range msg.Texts() {
			t.Plain()
		}
		msg.URLs()
		list, spam = append(list, msg), append(spam, line.Class == "spam")
	}
	return list, spam
}

func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
