package main

import (
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/milter"
)

// TestLogLines: one line a message, in which nothing that a stranger wrote
// looks like another line, and nothing of its body or subject stands.
func TestLogLines(t *testing.T) {
	l := letters()["ham"][0]
	l.from = "ann@example.org\nreject (default: T (reject))\x1b[31m"
	l.raw = strings.Replace(l.raw, "Message-ID: <", "Message-ID: <\x07", 1)
	for format, want := range map[string]string{
		"text": `(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ <4XyZ1234abz>; milter; id: <[^>\x07]*>, qid: <4XyZ1234abz>, ip: 198\.51\.100\.7, from: <ann@example\.org\?reject [^\n\x1b]*>, ` +
			`\(default: F \(no action\): \[\d\.\d\d/15\.00\] \[[A-Z0-9_]+\(-?\d+\.\d\d\)(,[A-Z0-9_]+\(-?\d+\.\d\d\))*\]\), len: \d+, time: \S+, rcpts: <bob@example\.com>, reply: accept$`,
		"json": `(?m)^\{.*"msg":"scanned".*\}$`,
	} {
		addr, log, stop := startMilter(t, "-log", format)
		transcript(t, addr, l)
		if code := stop(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		found := regexp.MustCompile(want).FindAllString(log.String(), -1)
		if len(found) != 1 || strings.Contains(log.String(), "minutes") || strings.Contains(log.String(), "Minutes") {
			t.Errorf("%s: %q of %s", format, found, log)
			continue
		}
		if format == "text" {
			continue
		}
		var record struct {
			QueueID string `json:"queue_id"`
			From    string
			Rcpts   []string
			Action  string
			Score   float64
			Symbols map[string]float64
			Reply   string
		}
		if err := json.Unmarshal([]byte(found[0]), &record); err != nil || record.QueueID != "4XyZ1234abz" || record.From != l.from ||
			len(record.Rcpts) != 1 || record.Action != "no action" || len(record.Symbols) == 0 || record.Reply != "accept" {
			t.Errorf("record %+v, %v", record, err)
		}
	}
}

// TestLogLevel: what is below the level is not told, messages neither.
func TestLogLevel(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out strings.Builder
		l, err := newLog(&out, logFlags{format, slog.LevelWarn})
		if err != nil {
			t.Fatal(err)
		}
		l.Info("quiet")
		l.milter(&milter.Outcome{})
		if l.Warn("loud"); strings.Contains(out.String(), "quiet") || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), "loud") {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}

// TestKindOfAction: the letter says whether the message is spam, as is_spam of the
// HTTP reply does.
func TestKindOfAction(t *testing.T) {
	for action, want := range map[actions.Action]string{
		actions.NoAction: "F", actions.Greylist: "F", actions.SoftReject: "F", actions.AddHeader: "T", actions.RewriteSubject: "T",
		actions.Quarantine: "T", actions.Discard: "T", actions.Reject: "T", "custom": "T",
	} {
		if got := kind(&winnow.Result{}, &winnow.Verdict{Action: action}); got != want {
			t.Errorf("%s: %s, want %s", action, got, want)
		}
	}
}
