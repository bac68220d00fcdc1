package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/milter"
)

// A log is where everything is told: as text, where a message's line is the
// one that operators of Rspamd look for, or as JSON. Neither has anything of a
// message's body, nor a subject.
type log struct {
	*slog.Logger
	text io.Writer // for lines of messages, nil with JSON
}

// logFlags say how it is told.
type logFlags struct {
	format string
	level  slog.Level
}

func (f *logFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.format, "log", "text", "`format` of the log: text or json")
	flags.TextVar(&f.level, "log-level", slog.LevelInfo, "least `level` that is told: debug, info (each message), warn or error")
}

// newLog makes the log that the flags ask for.
func newLog(w io.Writer, f logFlags) (*log, error) {
	o := &slog.HandlerOptions{Level: f.level}
	switch f.format {
	case "text":
		return &log{slog.New(slog.NewTextHandler(w, o)), w}, nil
	case "json":
		return &log{slog.New(slog.NewJSONHandler(w, o)), nil}, nil
	}
	return nil, fmt.Errorf("-log: %q is neither text nor json", f.format)
}

// milter writes the line of a message that came over the milter.
func (l *log) milter(o *milter.Outcome) {
	if o.Err != nil || !l.Enabled(context.Background(), slog.LevelInfo) {
		return // of an error the server has told
	}
	if l.text != nil {
		_, _ = io.WriteString(l.text, line(o)) // nobody could be told
		return
	}
	l.Info("scanned", fields(o)...)
}

// line is a message's result in the manner of Rspamd's log.
func line(o *milter.Outcome) string {
	e, v, res := &o.Envelope, o.Verdict, o.Result
	var b strings.Builder
	fmt.Fprintf(&b, "%s <%s>; milter; id: <%s>, qid: <%s>, ip: %s, ", res.Time.UTC().Format(time.RFC3339), clean(e.QueueID), clean(messageID(res)), clean(e.QueueID), client(e.ClientIP))
	if e.User != "" {
		fmt.Fprintf(&b, "user: %s, ", clean(e.User))
	}
	fmt.Fprintf(&b, "from: <%s>, (default: %s (%s): [%.2f/%.2f] [", clean(e.From), kind(res, v), v.Action, v.Score, v.Required)
	for i := range v.Symbols {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s(%.2f)", v.Symbols[i].Name, v.Symbols[i].Score)
	}
	fmt.Fprintf(&b, "]), len: %d, time: %s, rcpts: <%s>, reply: %s", o.Size, o.Took.Round(10*time.Microsecond), clean(strings.Join(e.Rcpts, ">,<")), clean(o.Reply))
	if p := v.PreResult; p != nil {
		fmt.Fprintf(&b, ", forced: %s \"%s\"; score=%.2f (set by %s)", p.Action, clean(p.Message), forced(p), p.Check)
	}
	if n := len(res.Incomplete); n > 0 {
		fmt.Fprintf(&b, ", incomplete: %d", n)
	}
	return b.String() + "\n"
}

// forced is the score that a pre-result asks for, NaN if it asks for none, as
// Rspamd writes it.
func forced(p *actions.PreResult) float64 {
	if p.HasScore {
		return p.Score
	}
	return math.NaN()
}

func fields(o *milter.Outcome) []any {
	e, v, res := &o.Envelope, o.Verdict, o.Result
	symbols := make([]any, 0, len(v.Symbols))
	for i := range v.Symbols {
		symbols = append(symbols, slog.Float64(v.Symbols[i].Name, v.Symbols[i].Score))
	}
	list := []any{
		"queue_id", e.QueueID, "message_id", messageID(res), "client", client(e.ClientIP), "mta", o.Agent, "user", e.User, "from", e.From, "rcpts", e.Rcpts,
		"kind", kind(res, v), "action", string(v.Action), "score", v.Score, "required", v.Required, slog.Group("symbols", symbols...),
		"reply", o.Reply, "size", o.Size, "took", o.Took, "incomplete", len(res.Incomplete),
	}
	if p := v.PreResult; p != nil {
		list = append(list, "forced", string(p.Action), "forced_by", p.Check, "message", p.Message)
	}
	return list
}

// kind is Rspamd's letter: S for a message that checks passed over, F for one that
// is let through or put off, T for spam.
func kind(res *winnow.Result, v *winnow.Verdict) string {
	switch {
	case res.Skipped != "" || v.PreResult != nil && v.PreResult.Test:
		return "S"
	case slices.Contains([]actions.Action{actions.NoAction, actions.Greylist, actions.SoftReject}, v.Action):
		return "F"
	}
	return "T"
}

func messageID(res *winnow.Result) string {
	if ids := mail.ParseMessageIDs(res.Message().Header().Value("Message-ID")); len(ids) > 0 {
		return ids[0]
	}
	return "undef"
}

func client(ip netip.Addr) string {
	if !ip.IsValid() {
		return "undef"
	}
	return ip.String()
}

// clean keeps what a stranger wrote within its place in the line.
func clean(s string) string {
	const most = 4 << 10
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '�' || 0x80 <= r && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
