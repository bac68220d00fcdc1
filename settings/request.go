package settings

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/config/ucl"
)

// A Request is what a client says of settings when it asks for a scan.
type Request struct {
	// Apply is what the header Settings says, nil if there is none.
	Apply *Apply
	// ID names a rule whose settings count, the header Settings-ID.
	ID string
	// Maxscore and Softscore, if set, are the thresholds of reject and of add
	// header in place of Apply.
	Maxscore, Softscore *float64
	// PassAll is a flag of the request's own: it counts whatever rules say.
	PassAll bool
	// Client is the address that the request came from.
	Client netip.Addr
	// Header returns the values of one of the request's headers; nil: none.
	Header func(name string) []string
	// Warn is told what can't be obeyed; it may be nil.
	Warn func(format string, args ...any)
}

type requestKey struct{}

// WithRequest makes a context in which Rules.Settings knows the request.
func WithRequest(ctx context.Context, q *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, q)
}

func requestOf(ctx context.Context) *Request {
	q, _ := ctx.Value(requestKey{}).(*Request)
	return q
}

// Says reports whether the request asks for anything.
func (q *Request) Says() bool {
	return q != nil && (q.Apply != nil || q.ID != "" || q.Maxscore != nil || q.PassAll)
}

// Settings are those of the request where no rules decide about them.
func (q *Request) Settings(n Names) *winnow.Settings {
	set := Lay(n, q.warn, (&Rules{}).asked(q)...)
	set.PassAll = set.PassAll || q.PassAll
	return set
}

func (q *Request) client() netip.Addr {
	if q == nil {
		return netip.Addr{}
	}
	return q.Client.Unmap()
}

func (q *Request) header(name string) []string {
	if q == nil || q.Header == nil {
		return nil
	}
	return q.Header(name)
}

func (q *Request) warn(format string, args ...any) {
	if q != nil && q.Warn != nil {
		q.Warn(format, args...)
	}
}

// headerLimits bound what a header can cost.
func headerLimits() ucl.Limits {
	return ucl.Limits{Depth: 32, Files: 1, FileSize: 256 << 10, Size: 512 << 10, Values: 20_000}
}

// ParseHeader reads the header Settings: an apply as UCL or JSON, bare or as the
// member "apply". A key that is not supported is an error: the verdict would not
// be what the client asked for.
func ParseHeader(text string) (a *Apply, ignored []string, err error) {
	doc, err := ucl.Parse("Settings", []byte(text), ucl.Options{Limits: headerLimits()})
	if err != nil {
		return nil, nil, err
	}
	v := doc.Root
	if v.Kind != ucl.Object {
		return nil, nil, errors.New("it is no object")
	}
	if inner := v.Get("apply"); inner != nil {
		if v.Len() > 1 {
			return nil, nil, errors.New(`nothing may stand beside "apply"`)
		}
		if a, ignored, err = ParseApply(inner); err != nil {
			err = fmt.Errorf("apply: %w", err)
		}
		return a, ignored, err
	}
	return ParseApply(v)
}

// asked are the settings of the request. As in Rspamd 4.1.6 an id beside the
// header says only which symbols are looked at, and beside Maxscore all that
// Maxscore does not say.
func (r *Rules) asked(q *Request) []Layer {
	if q == nil {
		return nil
	}
	var named *Apply
	if q.ID != "" {
		for _, rule := range r.rules() {
			if rule.id != "" && rule.id == q.ID && rule.external == nil {
				named = rule.apply
			}
		}
		if named == nil && r.askedService(q) == nil {
			q.warn("settings-id: there are no settings %q", q.ID)
		}
	}
	var list []Layer
	if limits := q.limits(); limits != nil && q.Apply == nil {
		list = append(list, Layer{OfRule, limits})
	}
	if named != nil && q.Apply != nil {
		named = &Apply{
			SymbolsEnabled: named.SymbolsEnabled, SymbolsDisabled: named.SymbolsDisabled,
			GroupsEnabled: named.GroupsEnabled, GroupsDisabled: named.GroupsDisabled, Additive: named.Additive,
		}
	}
	if named != nil {
		list = append(list, Layer{OfRule, named})
	}
	if q.Apply != nil {
		list = append(list, Layer{OfRequest, q.Apply})
	}
	return list
}

// askedService is what a rule asks that the request names by its id.
func (r *Rules) askedService(q *Request) *external {
	if q == nil || q.ID == "" {
		return nil
	}
	for _, rule := range r.rules() {
		if rule.id == q.ID && rule.external != nil {
			return rule.external
		}
	}
	return nil
}

// limits are the settings that Maxscore and Softscore make.
func (q *Request) limits() *Apply {
	th := actions.Thresholds{}
	if f := q.Maxscore; f != nil && !math.IsNaN(*f) {
		th[actions.Reject] = *f
		if f := q.Softscore; f != nil && !math.IsNaN(*f) {
			th[actions.AddHeader] = *f
		}
	}
	if len(th) == 0 {
		return nil
	}
	return &Apply{Thresholds: th}
}
