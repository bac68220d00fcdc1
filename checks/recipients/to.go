package recipients

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

var (
	similar = def("SUSPICIOUS_RECIPS", 1.5, "many recipients look alike, as if a program had made them up")
	sorted  = def("SORTED_RECIPS", 3.5, "many recipients stand in alphabetical order")
)

// minMade is how many recipients a list has at least that may look made by a
// program.
const minMade = 7

// madeLists looks for lists in alphabetical order and for similar addresses.
func madeLists(t *checks.Task, to []mail.Address) {
	if len(to) < minMade {
		return
	}
	if isSorted(to) {
		t.Hit(sorted)
	}
	if lookAlike(to) >= 2 {
		t.Hit(similar)
	}
}

// twice puts the recipients as they were written before the rewritten ones if
// any was rewritten: Rspamd keeps both.
func twice(written, to []mail.Address) []mail.Address {
	same := func(a, b mail.Address) bool { return a.Same(&b) }
	if slices.EqualFunc(written, to, same) {
		return to
	}
	return slices.Concat(written, to)
}

// isSorted reports strict alphabetical order. Neighbours that begin with the
// same four characters are no sign of a harvested list: people number
// addresses themselves.
func isSorted(to []mail.Address) bool {
	for i := 1; i < len(to); i++ {
		a, b := to[i-1].Key(), to[i].Key()
		if a >= b || len(a) >= 4 && strings.HasPrefix(b, a[:4]) {
			return false
		}
	}
	return true
}

// A likeness is what of a recipient is compared.
type likeness struct{ addr, domain string }

// lookAlike counts neighbours of the same length and the same beginning when
// the addresses are put in order by domain.
func lookAlike(to []mail.Address) int {
	order := make([]likeness, 0, len(to))
	for i := range to {
		if len(to[i].Addr) > 3 {
			order = append(order, likeness{to[i].Key(), to[i].DomainKey()})
		}
	}
	slices.SortStableFunc(order, func(a, b likeness) int {
		return cmp.Or(cmp.Compare(len(a.domain), len(b.domain)), cmp.Compare(a.domain, b.domain))
	})
	n := 0
	for i := 1; i < len(order); i++ {
		a, b := order[i-1].addr, order[i].addr
		if len(a) == len(b) && a[:3] == b[:3] {
			n++
		}
	}
	return n
}

func runTo(_ context.Context, t *checks.Task) error {
	f := t.Message().Header().Get("To")
	if f == nil {
		t.Hit(missing)
		return nil
	}
	for _, f := range t.Message().Header().All("To") {
		if isUndisclosed(f.Text()) {
			t.HitField(undisclosed, f)
			break
		}
	}
	for _, f := range t.Message().Header().All("To") {
		if hasWrapped(f.Value()) {
			t.HitField(wrapped, f)
			break
		}
	}
	return nil
}

// isUndisclosed recognizes "undisclosed-recipients:" and its variants, not an
// address with such a name.
func isUndisclosed(s string) bool {
	s = strings.ToLower(s)
	if s != "" && (s[0] == '<' || s[0] == '"') {
		s = s[1:]
	}
	rest, ok := strings.CutPrefix(s, "undisclosed")
	if !ok || rest == "" || rest[0] != '-' && rest[0] != ' ' {
		return false
	}
	if rest, ok = strings.CutPrefix(rest[1:], "recipient"); !ok {
		return false
	}
	rest = strings.TrimPrefix(rest, "s")
	return rest != "" && !isWord(rest[0]) && strings.IndexByte(rest, ':') >= 0
}

// hasWrapped looks for "< user@host >".
func hasWrapped(s string) bool {
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			return false
		}
		s = s[i+1:]
		end := strings.IndexByte(s, '>')
		if end < 0 {
			return false
		}
		if in := s[:end]; len(in) > 4 && isSpace(in[0]) && isSpace(in[len(in)-1]) {
			user, host, ok := strings.Cut(in[1:len(in)-1], "@")
			if ok && isPlain(user) && isPlain(host) {
				return true
			}
		}
	}
}

// isPlain reports whether s consists of letters, digits, "_", "-" and ".".
func isPlain(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) && s[i] != '-' && s[i] != '.' {
			return false
		}
	}
	return s != ""
}

func isWord(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_'
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
