package messageid

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	containsFrom  = form("MID_CONTAINS_FROM", 1, "Message-ID contains the From address")
	matchFrom     = form("MID_RHS_MATCH_FROM", 0, "the right-hand side of Message-ID is the From domain")
	matchFromTLD  = form("MID_RHS_MATCH_FROMTLD", 0, "the right-hand side of Message-ID has the registrable domain of From")
	containsTo    = form("MID_CONTAINS_TO", 1, "Message-ID contains the address of the first recipient")
	matchTo       = form("MID_RHS_MATCH_TO", 1, "the right-hand side of Message-ID is the domain of the first recipient")
	endEqFromUser = &symbols.Def{
		Name: "MID_END_EQ_FROM_USER_PART", Groups: []string{"mid"}, Weight: 4,
		Doc: "the right-hand side of Message-ID is one word, the local part of From",
	}
)

func runParties(_ context.Context, t *checks.Task) error {
	f := t.Message().Header().Get("message-id")
	if f == nil {
		return nil
	}
	exact := text(f)
	mid := strings.ToLower(exact)
	right := mail.DomainKey(rightSide(mid))
	fromDomain := ""
	if from, ok := first(aliases.From(t)); ok {
		fromDomain = from.DomainKey()
		switch {
		case contains(mid, &from):
			t.HitField(containsFrom, f)
		case right == fromDomain:
			t.HitField(matchFrom, f)
		case right != "" && publicsuffix.ESLDOrSelf(right) == publicsuffix.ESLDOrSelf(fromDomain):
			t.HitField(matchFromTLD, f)
		}
		if wordOnly(exact, from.User) {
			t.HitField(endEqFromUser, f)
		}
	}
	if to, ok := first(aliases.Recipients(t)); ok {
		domain := to.DomainKey()
		switch {
		case domain == fromDomain:
		case contains(mid, &to):
			t.HitField(containsTo, f)
		case right == domain:
			t.HitField(matchTo, f)
		}
	}
	return nil
}

// contains reports whether a Message-ID in lower case has an address in it, by
// one or the other form of its domain.
func contains(mid string, a *mail.Address) bool {
	return strings.Contains(mail.AddressKey(strings.TrimSuffix(mid, ">")), a.Key())
}

// first returns the first address if it has a domain.
func first(as []mail.Address) (mail.Address, bool) {
	if len(as) == 0 || as[0].Domain == "" {
		return mail.Address{}, false
	}
	return as[0], true
}

// rightSide returns what stands between the first "@" whose rest has no
// further bracket, and the end; "" if there is none.
func rightSide(mid string) string {
	mid = strings.TrimSuffix(mid, ">")
	if i := strings.LastIndexByte(mid, '>'); i >= 0 {
		mid = mid[i+1:]
	}
	_, right, _ := strings.Cut(mid, "@")
	return right
}

// wordOnly reports whether mid ends in "@user>" and user is lower-case letters
// only.
func wordOnly(mid, user string) bool {
	letters := func(c byte) bool { return 'a' <= c && c <= 'z' }
	if user == "" || ascii.Span(user, letters) != len(user) {
		return false
	}
	head, ok := strings.CutSuffix(strings.TrimSuffix(mid, ">"), user)
	return ok && strings.HasSuffix(head, "@")
}
