package history

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/mail"
)

// A Row is what is kept of a scan. Up to Symbols the fields are those of Rspamd
// 4.1.6's history, "unknown" standing for what is not known; the rest is winnow's.
// What can't be UTF-8 is replaced, and long texts are cut.
type Row struct {
	SenderSMTP string             `json:"sender_smtp"`
	SenderMIME string             `json:"sender_mime"` // the first address of From
	RcptSMTP   Strings            `json:"rcpt_smtp"`
	RcptMIME   Strings            `json:"rcpt_mime"` // of To and Cc
	Size       int64              `json:"size"`      // bytes of the message
	UnixTime   Seconds            `json:"unix_time"` // when it was scanned
	Score      float64            `json:"score"`
	Required   float64            `json:"required_score"`
	TimeReal   float64            `json:"time_real"` // seconds that the scan took
	Skipped    bool               `json:"is_skipped"`
	User       string             `json:"user"`
	IP         string             `json:"ip"`
	MessageID  string             `json:"message-id"` // without angle brackets, "undef" if there is none
	Thresholds map[string]float64 `json:"thresholds,omitempty"`
	Subject    string             `json:"subject"`
	Action     string             `json:"action"`
	Symbols    Symbols            `json:"symbols"`

	QueueID string `json:"queue_id,omitempty"`
	// Digest is bayes.Digest: with it Scanner.LearnRecent knows the message.
	Digest string `json:"digest,omitempty"`
	// Transcript is the SHA-256, in hexadecimal digits, of the JSON of the scan's
	// transcript, "" unless it was recorded.
	Transcript string `json:"transcript,omitempty"`
	// Own are the verdicts of recipients that have one of their own.
	Own map[string]Verdict `json:"recipients,omitempty"`
}

// A Verdict is that for one recipient.
type Verdict struct {
	Score    float64 `json:"score"`
	Required float64 `json:"required_score"`
	Action   string  `json:"action"`
	Symbols  Symbols `json:"symbols"`
}

// A Symbol is one that counts or is shown.
type Symbol struct {
	Name        string  `json:"name"`
	Score       float64 `json:"score"`
	MetricScore float64 `json:"metric_score"`
	Description string  `json:"description,omitempty"`
	Options     Strings `json:"options,omitempty"`
}

// What a row holds at most.
const (
	maxText    = 998
	maxRcpts   = 500
	maxOptions = 100
	maxRow     = 256 << 10 // bytes of JSON
)

// rowOf makes the row of a scan, nil if nothing is to be kept of it.
func (h *History) rowOf(r *winnow.Result) *Row {
	m := r.Message()
	env := m.Envelope()
	if r.NoLog("") || h.omits(env.From) || h.omits(env.User) {
		return nil
	}
	rcpts := slices.DeleteFunc(slices.Clone(env.Rcpts), func(a string) bool { return h.omits(a) || r.NoLog(a) })
	if len(rcpts) == 0 && len(env.Rcpts) > 0 {
		return nil
	}
	row := &Row{
		SenderSMTP: "unknown", SenderMIME: "unknown", Size: int64(len(m.Raw())), UnixTime: Seconds(r.Time.Unix()),
		TimeReal: float64(r.Took.Microseconds()) / 1e6, Skipped: r.Skipped != "", User: orUnknown(text(env.User)), IP: "unknown",
		MessageID: "undef", Subject: "unknown", QueueID: text(env.QueueID),
	}
	own := verdictOf(&r.Verdict)
	row.Score, row.Required, row.Action, row.Symbols = own.Score, own.Required, own.Action, own.Symbols
	row.Thresholds = map[string]float64{}
	for a, v := range r.Thresholds {
		row.Thresholds[string(a)] = v
	}
	row.parties(m, rcpts)
	if ids := mail.ParseMessageIDs(m.Header().Value("Message-ID")); len(ids) > 0 {
		row.MessageID = text(ids[0])
	}
	if m.Header().Get("Subject") != nil {
		row.Subject = text(m.Header().Text("Subject"))
	}
	if r.Skipped == "" {
		row.Digest = bayes.Digest(m)
	}
	if r.Transcript != nil {
		if data, err := json.Marshal(r.Transcript); err == nil {
			sum := sha256.Sum256(data)
			row.Transcript = hex.EncodeToString(sum[:])
		}
	}
	kept := make(map[string]bool, len(rcpts))
	for _, a := range rcpts {
		kept[a] = true
	}
	for i := range r.Recipients {
		if v := &r.Recipients[i]; kept[v.Address] {
			if row.Own == nil {
				row.Own = map[string]Verdict{}
			}
			row.Own[text(v.Address)] = verdictOf(&v.Verdict)
		}
	}
	h.obfuscate(row)
	return row
}

// parties fills in who sent the message to whom.
func (row *Row) parties(m *mail.Message, rcpts []string) {
	env := m.Envelope()
	if env.From != "" || env.HasFrom {
		row.SenderSMTP = text(env.From)
	}
	if from := m.From(); len(from) > 0 {
		row.SenderMIME = text(from[0].Addr)
	}
	row.RcptSMTP, row.RcptMIME = Strings{}, Strings{}
	for _, a := range rcpts[:min(len(rcpts), maxRcpts)] {
		row.RcptSMTP = append(row.RcptSMTP, text(a))
	}
	for _, a := range m.Recipients()[:min(len(m.Recipients()), maxRcpts)] {
		row.RcptMIME = append(row.RcptMIME, text(a.Addr))
	}
	if ip := env.ClientIP; ip.IsValid() {
		row.IP = ip.Unmap().WithZone("").String()
	}
}

func verdictOf(v *winnow.Verdict) Verdict {
	own := Verdict{Score: v.Score, Required: v.Required, Action: string(v.Action), Symbols: Symbols{}}
	for _, s := range v.Symbols {
		sym := Symbol{Name: s.Name, Score: s.Score, MetricScore: s.Weight, Description: s.Def.Doc}
		for _, o := range s.Options[:min(len(s.Options), maxOptions)] {
			sym.Options = append(sym.Options, text(o))
		}
		own.Symbols[s.Name] = sym
	}
	return own
}

func text(s string) string { return s[:min(len(s), maxText)] }

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// marshal appends the row as JSON to b, without what makes it too long.
func (row *Row) marshal(b []byte) ([]byte, error) {
	for _, shorten := range []func(){
		func() {}, row.dropOptions,
		func() { row.Own, row.RcptMIME = nil, row.RcptMIME[:min(len(row.RcptMIME), 10)] },
		func() { row.RcptSMTP = row.RcptSMTP[:min(len(row.RcptSMTP), 10)] },
	} {
		shorten()
		w := rowWriter{b: b}
		if w.row(row); w.err != nil {
			return nil, fmt.Errorf("history: %w", w.err)
		}
		if len(w.b)-len(b) <= maxRow {
			return w.b, nil
		}
	}
	return nil, fmt.Errorf("history: row of more than %d bytes", maxRow)
}

// dropOptions leaves out what symbols tell of the message.
func (row *Row) dropOptions() {
	drop := func(list Symbols) {
		for name, s := range list {
			s.Options = nil
			list[name] = s
		}
	}
	drop(row.Symbols)
	for _, v := range row.Own {
		drop(v.Symbols)
	}
}
