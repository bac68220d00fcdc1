package headers

import (
	"regexp"
	"sync"

	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	hasOrgHeader = &symbols.Def{
		Name: "HAS_ORG_HEADER", Groups: []string{"headers"},
		Doc: "an Organization field names the sender's organization",
	}
	hasCDHeader = &symbols.Def{
		Name: "HAS_CD_HEADER", Groups: []string{"headers"},
		Doc: "the message's own header has a Content-Description",
	}
	cdMMBody = &symbols.Def{
		Name: "CD_MM_BODY", Groups: []string{"headers"}, Weight: 2,
		Doc: "Content-Description is \"Mail message body\", the mark of a bulk mailer",
	}
	hasXOIP = &symbols.Def{
		Name: "HAS_XOIP", Groups: []string{"headers"},
		Doc: "X-Originating-IP tells the address of a web mail user",
	}
	hasListUnsub = &symbols.Def{
		Name: "HAS_LIST_UNSUB", Groups: []string{"headers"}, Weight: -0.01,
		Doc: "List-Unsubscribe offers a way out",
	}
	hasInterspireSig = &symbols.Def{
		Name: "HAS_INTERSPIRE_SIG", Groups: []string{"headers"}, Weight: 1,
		Doc: "fields or unsubscribe link of the Interspire bulk mailer",
	}
)

func presenceSymbols() []*symbols.Def {
	return []*symbols.Def{hasOrgHeader, hasCDHeader, cdMMBody, hasXOIP, hasListUnsub, hasInterspireSig}
}

// present maps field names to the symbol that any one of them raises.
var present = [...]struct {
	names []string
	def   *symbols.Def
}{
	{[]string{"organization", "organisation"}, hasOrgHeader},
	{[]string{"content-description"}, hasCDHeader},
	{[]string{"x-originating-ip"}, hasXOIP},
	{[]string{"list-unsubscribe"}, hasListUnsub},
}

func isMailMessageBody(text string) bool { return ascii.EqualFold(text, "Mail message body") }

var interspireLink = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)/unsubscribe\.php\?M=[^&]+&C=[^&]+&L=[^&]+&N=[^>]+>$`)
})

// interspire returns a field that shows the mailer, nil if none does: all four
// of its own fields, or its unsubscribe link.
func interspire(h *mail.Header) *mail.Field {
	if f := h.Get("x-mailer-lid"); f != nil &&
		h.Has("x-mailer-recptid") && h.Has("x-mailer-sid") && h.Has("x-mailer-sent-by") {
		return f
	}
	return h.FindRaw("list-unsubscribe", func(v string) bool {
		return ascii.ContainsFold(v, "/unsubscribe.php?M=") && interspireLink().MatchString(v)
	})
}
