package winnow

import (
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/actions"
)

// A Reply is what an SMTP server answers to the end of DATA in place of 250.
// The zero Reply means that the message is accepted, to be delivered or dropped
// as the action says.
type Reply struct {
	Code     int    // 554 or 451 (RFC 5321 section 4.2), 0: accept
	Enhanced string // "5.7.1" or "4.7.1" (RFC 3463)
	Text     string // one line of printable ASCII
}

// EnhancedCode returns Enhanced as the numbers that Go's SMTP servers take, all
// zero for the zero Reply.
func (r Reply) EnhancedCode() (code [3]int) {
	for i, digits := range strings.SplitN(r.Enhanced, ".", len(code)) {
		code[i], _ = strconv.Atoi(digits) // what is no number stays 0
	}
	return code
}

// replyTo makes the reply of a verdict. A pre-result's text takes precedence
// over Rspamd's own. Greylist by score alone is no delay: only where a
// pre-result asks for it, the reply is 451.
func replyTo(c actions.Verdict) Reply {
	r := Reply{451, "4.7.1", "Try again later"}
	switch {
	case c.Action == actions.Reject:
		r = Reply{554, "5.7.1", "Spam message rejected"}
	case c.Action == actions.SoftReject, c.Action == actions.Greylist && c.By != nil && !c.By.Least:
	default:
		return Reply{}
	}
	if c.By != nil && c.By.Message != "" && !c.By.NoMessage {
		r.Text = oneLine(c.By.Message)
	}
	return r
}

// maxReply keeps a reply within a line (RFC 5321 section 4.5.3.1.5).
const maxReply = 480

// oneLine makes a text one that may stand in a reply (textstring in RFC 5321
// section 4.2).
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f:
			return ' '
		case r > 0x7f:
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), maxReply)]
}
