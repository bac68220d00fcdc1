package exporter

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/mail"
)

// ownFormatters are those of Rspamd.
func (e *Exporter) ownFormatters() map[string]Formatter {
	plain := func(r *winnow.Result, _ *Rule) (*Payload, error) { return &Payload{Body: r.Message().Raw()}, nil }
	return map[string]Formatter{
		"default": plain, "email_alert": e.alert, "multipart": e.multipart,
		"json":              func(r *winnow.Result, _ *Rule) (*Payload, error) { return asJSON(e.about(r, true)) },
		"json_with_message": e.withMessage,
	}
}

func asJSON(d *metadata) (*Payload, error) {
	data, err := json.Marshal(d)
	return &Payload{Body: data}, err
}

func (e *Exporter) withMessage(r *winnow.Result, _ *Rule) (*Payload, error) {
	d := e.about(r, true)
	d.Message = r.Message().Raw()
	return asJSON(d)
}

// multipart is multipart/form-data with the parts metadata and message.
func (e *Exporter) multipart(r *winnow.Result, _ *Rule) (*Payload, error) {
	p, err := asJSON(e.about(r, true))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, part := range []struct {
		disposition, kind string
		body              []byte
	}{
		{`form-data; name="metadata"`, "application/json", p.Body},
		{`form-data; name="message"; filename="message.eml"`, "message/rfc822", r.Message().Raw()},
	} {
		to, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {part.disposition}, "Content-Type": {part.kind}})
		if err != nil {
			return nil, err
		}
		_, _ = to.Write(part.body) // into memory
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return &Payload{Body: b.Bytes(), Type: w.FormDataContentType()}, nil
}

// alertText is what an alert says by default.
const alertText = `From: "Rspamd" <$mail_from>
To: $mail_to
Subject: Spam alert
Date: $date
MIME-Version: 1.0
Message-ID: <$our_message_id>
Content-type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

User: $user
Client: $ip
Queue ID: $qid
Sender: $from
Recipients: $rcpt
From: $header_from
To: $header_to
Date: $header_date
Subject: $header_subject
Message-ID: $message_id
Action: $action
Score: $score
Symbols: $symbols
`

// alert is a mail about the message.
func (e *Exporter) alert(r *winnow.Result, rule *Rule) (*Payload, error) {
	env := r.Message().Envelope()
	rcpts := slices.Clone(rule.MailTo)
	if rule.AlertSender && env.From != "" {
		rcpts = append(rcpts, env.From)
	}
	if rule.AlertUser && strings.Contains(env.User, "@") {
		rcpts = append(rcpts, env.User)
	}
	if rule.AlertRecipients {
		rcpts = append(rcpts, env.Rcpts...)
	}
	rcpts = slices.DeleteFunc(rcpts, func(a string) bool { p := mail.ParseAddress(a); return !p.Valid || p.Addr == "" })
	if len(rcpts) == 0 {
		return nil, nil
	}
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails
	words := e.words(r)
	words["mail_from"], words["mail_to"] = rule.MailFrom, "<"+strings.Join(rcpts, ">, <")+">"
	words["our_message_id"], words["date"] = hex.EncodeToString(id)+"@"+or(e.options.Hostname, "localhost"), r.Time.Format("Mon, 02 Jan 2006 15:04:05 -0700")
	return &Payload{Body: []byte(fill(or(rule.Template, alertText), words)), Rcpts: rcpts}, nil
}

// words are the metadata as texts.
func (e *Exporter) words(r *winnow.Result) map[string]string {
	d := e.about(r, true)
	lines := func(v any) string {
		if list, ok := v.([]string); ok {
			return strings.Join(list, ", ")
		}
		return fmt.Sprint(v)
	}
	var symbols []string
	for _, s := range d.Symbols {
		line := s.Name + "(" + strconv.FormatFloat(s.Score, 'f', 2, 64) + ")"
		if len(s.Options) > 0 {
			line += " [" + strings.Join(s.Options, ", ") + "]"
		}
		symbols = append(symbols, line)
	}
	return map[string]string{
		"ip": d.IP, "user": d.User, "qid": d.QueueID, "subject": d.Subject, "action": d.Action, "rspamd_server": d.Server,
		"score": strconv.FormatFloat(d.Score, 'f', 2, 64), "fuzzy": "", "rcpt": lines(d.Rcpt), "from": d.From, "symbols": strings.Join(symbols, "\n\t"),
		"scan_time": strconv.FormatInt(d.ScanTime, 10), "size": strconv.Itoa(d.Size), "header_from": lines(d.HeaderFrom), "header_to": lines(d.HeaderTo),
		"header_subject": lines(d.HeaderSubject), "header_date": lines(d.HeaderDate), "message_id": d.MessageID,
	}
}

// fill puts words into a template, $name or ${name}; other names stay. What goes
// into its header is one line, and in encoded words where it is not ASCII: a
// message can't add fields to the mail about it.
func fill(template string, words map[string]string) string {
	template = strings.ReplaceAll(template, "\r\n", "\n")
	head, body, _ := strings.Cut(template, "\n\n")
	head = expand(head, func(name string) (string, bool) {
		w, ok := words[name]
		return mime.QEncoding.Encode("utf-8", oneLine(w)), ok
	})
	return head + "\n\n" + expand(body, func(name string) (string, bool) {
		w, ok := words[name]
		return strings.ReplaceAll(w, "\r", " "), ok
	})
}

// expand replaces what begins with a dollar sign.
func expand(text string, word func(name string) (string, bool)) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, braced := strings.CutPrefix(rest, "{")
		n := strings.IndexFunc(name, func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') })
		if n < 0 {
			n = len(name)
		}
		tail := name[n:]
		if braced {
			tail, braced = strings.CutPrefix(tail, "}")
			if !braced {
				n = 0 // no name in braces
			}
		}
		if w, ok := word(name[:n]); ok {
			b.WriteString(w)
			text = tail
			continue
		}
		fmt.Fprint(&b, "$")
		text = rest
	}
}
