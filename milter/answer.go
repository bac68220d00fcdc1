package milter

import (
	"fmt"
	"time"

	protocol "github.com/d--j/go-milter"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/headercommands"
)

// finish scans the message and answers.
func (x *session) finish(m protocol.Modifier) *protocol.Response {
	begun, msg := time.Now(), x.message()
	o := &Outcome{Daemon: x.daemon, Agent: x.agent}
	x.whileAt(m, func() { o.Result, o.Err = msg.End() })
	o.Envelope, o.Size = msg.Envelope, msg.Size
	var resp *protocol.Response
	if o.Err == nil {
		resp = x.obey(m, msg.Names, o)
	} else {
		resp, o.Reply = protocol.RespTempFail, "tempfail"
		if x.server.o.FailOpen {
			resp, o.Reply = protocol.RespAccept, "accept"
		}
		x.server.log.Error("milter: not scanned", "queue_id", o.Envelope.QueueID, "client", o.Envelope.ClientIP, "from", o.Envelope.From, "rcpts", len(o.Envelope.Rcpts), "reply", o.Reply, "err", o.Err)
	}
	o.Took = time.Since(begun)
	if x.server.o.Done != nil {
		x.server.o.Done(o)
	}
	return resp
}

// obey does what the verdict says to a message with header fields of these
// names: first the edits, then the action.
func (x *session) obey(m protocol.Modifier, names []string, o *Outcome) *protocol.Response {
	var gone []string
	o.Verdict, gone = x.server.choose(o.Result, o.Envelope.Rcpts)
	v := o.Verdict
	for _, rcpt := range gone {
		x.try(m.DeleteRecipient(rcpt), "recipient", rcpt)
	}
	quarantine := v.Action == actions.Quarantine || v.Action == actions.Reject && x.server.o.QuarantineOnReject
	asSpam := v.Action == actions.AddHeader || quarantine && m.Actions()&protocol.OptQuarantine == 0
	x.edit(m, names, v, v.Reply.Code != 0 && !quarantine, asSpam)
	switch {
	case v.Action == actions.Discard || v.Action == actions.Reject && x.server.o.DiscardOnReject:
		o.Reply = "discard"
		return protocol.RespDiscard
	case quarantine:
		o.Reply = "quarantine"
		if !asSpam {
			x.try(m.Quarantine("Spam message quarantined"), "quarantine", o.Envelope.QueueID)
		}
		return protocol.RespAccept
	case v.Reply.Code != 0:
		o.Reply = fmt.Sprintf("%d %s %s", v.Reply.Code, v.Reply.Enhanced, v.Reply.Text)
		return x.reply(v.Reply)
	}
	o.Reply = "accept"
	return protocol.RespAccept
}

// try logs a change that the MTA can't be asked for; the message goes on.
func (x *session) try(err error, what, which string) {
	if err != nil {
		x.server.log.Warn("milter: change left out", "what", what, "which", which, "err", err)
	}
}

// reply is what an SMTP reply is in the protocol; the zero Reply lets the mail
// pass.
func (x *session) reply(r winnow.Reply) *protocol.Response {
	if r.Code == 0 {
		return protocol.RespContinue
	}
	resp, err := protocol.RejectWithCodeAndReason(uint16(r.Code), r.Enhanced+" "+r.Text)
	if err != nil {
		x.server.log.Error("milter: reply", "text", r.Text, "err", err)
		if r.Code < 500 {
			return protocol.RespTempFail
		}
		return protocol.RespReject
	}
	return resp
}

// choose returns the verdict that counts for the whole message, and the
// recipients that are taken off it.
func (s *Server) choose(res *winnow.Result, rcpts []string) (v *winnow.Verdict, gone []string) {
	if len(res.Recipients) == 0 || len(rcpts) == 0 {
		return &res.Verdict, nil
	}
	var kept *winnow.Verdict // the mildest of those that get the message
	for _, rcpt := range rcpts {
		own := res.For(rcpt)
		refused := own.Action == actions.Reject || own.Action == actions.Discard
		if s.o.Recipients == Drop && refused {
			gone = append(gone, rcpt)
		} else if kept == nil || own.Action.Severity() < kept.Action.Severity() {
			kept = own
		}
		if v == nil || s.prefers(own.Action, v.Action) {
			v = own
		}
	}
	if kept == nil || len(gone) == 0 {
		return v, nil
	}
	return kept, gone
}

// prefers reports whether the policy takes action a rather than b.
func (s *Server) prefers(a, b actions.Action) bool {
	if s.o.Recipients == Stricter {
		return a.Severity() > b.Severity()
	}
	return a.Severity() < b.Severity()
}

// edit sends a verdict's edits as commands. To a message that is refused they
// make no difference, but Rspamd sends them, too, unless it is a test.
func (x *session) edit(m protocol.Modifier, names []string, v *winnow.Verdict, refused, asSpam bool) {
	blank := ""
	if m.Protocol()&protocol.OptHeaderLeadingSpace != 0 {
		blank = " " // else the MTA writes one
	}
	var edits []actions.HeaderEdit
	test := v.PreResult != nil && v.PreResult.Test
	for _, e := range v.Edits {
		if test && (refused || e.Name != "X-Spam" && e.Name != "Subject") {
			continue // as Rspamd, which adds nothing to tests
		}
		if _, err := winnow.Apply(nil, []actions.HeaderEdit{e}); err != nil {
			x.try(err, "header", e.Name)
			continue
		}
		edits = append(edits, e)
	}
	own, value := "", "Yes"
	switch {
	case v.Action == actions.RewriteSubject:
		own, value = "Subject", v.Subject
	case asSpam:
		own = "X-Spam"
	}
	for _, c := range headercommands.Of(names, edits, own, value) {
		value, err := c.Value, error(nil)
		if value != "" {
			value = blank + value
		}
		switch c.Kind {
		case headercommands.Change:
			err = m.ChangeHeader(c.Index, c.Name, value)
		case headercommands.Insert:
			err = m.InsertHeader(c.Index, c.Name, value)
		case headercommands.Add:
			err = m.AddHeader(c.Name, value)
		}
		x.try(err, "header", c.Name)
	}
}
