package exporter

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
)

// selectors are those of Rspamd.
func selectors() map[string]Selector {
	is := func(authed bool, list ...actions.Action) Selector {
		return func(r *winnow.Result) bool {
			return slices.Contains(list, r.Action) && (!authed || r.Message().Envelope().User != "")
		}
	}
	spam := []actions.Action{actions.Reject, actions.AddHeader, actions.RewriteSubject}
	return map[string]Selector{
		"default":            func(*winnow.Result) bool { return true },
		"is_spam":            is(false, spam...),
		"is_spam_authed":     is(true, spam...),
		"is_reject":          is(false, actions.Reject),
		"is_reject_authed":   is(true, actions.Reject),
		"is_not_soft_reject": func(r *winnow.Result) bool { return r.Action != actions.SoftReject },
	}
}

// A metadata is what is told about a message, with Rspamd's names.
type metadata struct {
	IP       string   `json:"ip"`
	User     string   `json:"user"`
	QueueID  string   `json:"qid"`
	Subject  string   `json:"subject"`
	Action   string   `json:"action"`
	Server   string   `json:"rspamd_server"`
	Score    float64  `json:"score"`
	Fuzzy    []string `json:"fuzzy"`
	Rcpt     any      `json:"rcpt"`
	From     string   `json:"from"`
	Symbols  []symbol `json:"symbols"`
	ScanTime int64    `json:"scan_time"` // milliseconds
	Size     int      `json:"size"`
	// The rest tells of the message's own header.
	HeaderFrom    any    `json:"header_from,omitempty"`
	HeaderTo      any    `json:"header_to,omitempty"`
	HeaderSubject any    `json:"header_subject,omitempty"`
	HeaderDate    any    `json:"header_date,omitempty"`
	MessageID     string `json:"message_id,omitempty"`
	Message       []byte `json:"message,omitempty"` // base64
}

type symbol struct {
	Name    string   `json:"name"`
	Score   float64  `json:"score"`
	Group   string   `json:"group,omitempty"`
	Groups  []string `json:"groups,omitempty"`
	Options []string `json:"options,omitempty"`
}

// unknown stands for what a message does not say.
const unknown = "unknown"

// about collects what is told; content adds what the header says.
func (e *Exporter) about(r *winnow.Result, content bool) *metadata {
	m := r.Message()
	env, head := m.Envelope(), m.Header()
	d := &metadata{
		IP: unknown, User: or(env.User, unknown), QueueID: or(env.QueueID, unknown), Subject: or(text(head.Text("Subject")), unknown),
		Action: string(r.Action), Server: e.options.Hostname, Score: r.Score, Fuzzy: []string{}, Rcpt: unknown, From: or(env.From, unknown),
		Symbols: []symbol{}, ScanTime: r.Took.Milliseconds(), Size: len(m.Raw()),
	}
	if env.ClientIP.IsValid() {
		d.IP = env.ClientIP.String()
	}
	if len(env.Rcpts) > 0 {
		d.Rcpt = env.Rcpts
	}
	for _, s := range r.Symbols {
		one := symbol{Name: s.Name, Score: s.Score, Options: s.Options, Groups: s.Def.Groups}
		if len(one.Groups) > 0 {
			one.Group = one.Groups[0]
		}
		d.Symbols = append(d.Symbols, one)
	}
	if content {
		d.HeaderFrom, d.HeaderTo, d.HeaderSubject, d.HeaderDate = values(m, "From"), values(m, "To"), values(m, "Subject"), values(m, "Date")
		d.MessageID = or(strings.Trim(head.Value("Message-ID"), "<> "), "undef")
	}
	return d
}

// text is valid UTF-8.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// values are all fields of a name, decoded.
func values(m *mail.Message, name string) any {
	var list []string
	for _, f := range m.Header().All(name) {
		list = append(list, text(f.Text()))
	}
	if list == nil {
		return unknown
	}
	return list
}

// fields are the metadata as fields of HTTP.
func (e *Exporter) fields(r *winnow.Result, rule *Rule) (http.Header, error) {
	data, err := json.Marshal(e.about(r, false))
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	h := http.Header{}
	for name, v := range all {
		value := fmt.Sprint(v)
		switch v.(type) {
		case map[string]any, []any:
			data, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			value = string(data)
		}
		h.Set(or(rule.MetaPrefix, "X-Rspamd-")+name, mime.QEncoding.Encode("utf-8", oneLine(value)))
	}
	return h, nil
}

// oneLine puts spaces in the place of line ends and other controls.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, s)
}
