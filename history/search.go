package history

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/mail"
)

// DefaultLimit is how many rows a search returns unless it says otherwise, and
// MaxLimit the most.
const (
	DefaultLimit = 200
	MaxLimit     = 10000
)

// maxResult is how many bytes of rows, as JSON, an answer has at most.
const maxResult = 64 << 20

// A Query says which rows are looked for: those of which all that is set holds. The
// zero Query is all of them.
type Query struct {
	// ID is a queue ID, a Digest or the digest of a transcript; MessageID is
	// without angle brackets.
	ID, MessageID string
	// Address is that of a sender, a recipient or a user, of envelope or header.
	Address string
	// Symbol is the name of one that was raised, Action the verdict, for all or
	// for one recipient.
	Symbol, Action string
	// From and To bound the time of the scan, both included; zero is no bound.
	From, To time.Time
	// User, an address or a name that was logged in with, is who may see the rows:
	// those of mail to and by them. Other recipients of the envelope are left out,
	// and the verdict is the user's own.
	User string
	// Skip and Limit choose among the rows, newest first. A Limit of 0 means
	// DefaultLimit.
	Skip, Limit int
}

// Search returns rows, newest first; those that have more than 64 MiB of JSON
// together end with the one that is too much.
func (h *History) Search(ctx context.Context, q Query) ([]Row, error) {
	limit := min(cmp.Or(max(q.Limit, 0), DefaultLimit), MaxLimit)
	f := filter{from: q.From, to: q.To, terms: h.terms(&q)}
	skip := max(0, q.Skip)
	if !f.selects() {
		f.skip, skip = skip, 0
	}
	var rows []Row
	size := 0
	err := h.shelf.walk(ctx, f, func(data []byte) bool {
		row, n, err := h.codec.sized(data)
		if err != nil || !f.matches(row) {
			return true
		}
		if q.User != "" && !h.narrow(row, q.User) {
			return true
		}
		if q.Action != "" && q.User != "" && row.Action != q.Action {
			return true
		}
		if skip--; skip < 0 {
			rows = append(rows, *row)
			size += n
		}
		return len(rows) < limit && size < h.most
	})
	return rows, err
}

// terms are what rows have that a query is about.
func (h *History) terms(q *Query) (list []string) {
	if q.ID != "" {
		list = append(list, idTerm(q.ID))
	}
	if q.MessageID != "" {
		id := strings.Trim(q.MessageID, "<>")
		if h.hashes(MessageID) {
			id = h.hash(id)
		}
		list = append(list, messageTerm(id))
	}
	for _, a := range []string{q.Address, q.User} {
		if a != "" {
			list = append(list, addressTerm(h.address(a)))
		}
	}
	if q.Symbol != "" {
		list = append(list, symbolTerm(q.Symbol))
	}
	if q.Action != "" {
		list = append(list, actionTerm(q.Action))
	}
	return list
}

// matches reports whether a row is one that is looked for.
func (f *filter) matches(r *Row) bool {
	if !f.from.IsZero() && int64(r.UnixTime) < f.from.Unix() || !f.to.IsZero() && int64(r.UnixTime) > f.to.Unix() {
		return false
	}
	if len(f.terms) == 0 {
		return true
	}
	has := terms(r)
	return !slices.ContainsFunc(f.terms, func(t string) bool { return !slices.Contains(has, t) })
}

// narrow makes of a row what a user may see of it, and reports whether that is
// anything.
func (h *History) narrow(r *Row, user string) bool {
	user = h.address(user)
	same := func(a string) bool { return strings.EqualFold(mail.AddressKey(a), mail.AddressKey(user)) }
	if same(r.User) {
		return true
	}
	i := slices.IndexFunc(r.RcptSMTP, same)
	if i < 0 {
		return false
	}
	to := r.RcptSMTP[i]
	r.RcptSMTP = Strings{to}
	if own, ok := r.Own[to]; ok {
		r.Score, r.Required, r.Action, r.Symbols = own.Score, own.Required, own.Action, own.Symbols
	}
	r.Own = nil
	return true
}

// Latest returns rows as JSON objects, newest first: n of them after the first skip,
// all that are kept, but for what MaxLimit says, if n is below 0. Those that have
// more than 64 MiB together end with the one that is too much.
func (h *History) Latest(ctx context.Context, skip, n int) ([]json.RawMessage, error) {
	if n < 0 || n > MaxLimit {
		n = MaxLimit
	}
	rows := []json.RawMessage{}
	if n == 0 {
		return rows, nil
	}
	size := 0
	err := h.shelf.walk(ctx, filter{skip: max(0, skip)}, func(data []byte) bool {
		if row, err := h.codec.json(data); err == nil {
			rows = append(rows, row)
			size += len(row)
		}
		return len(rows) < n && size < h.most
	})
	return rows, err
}
