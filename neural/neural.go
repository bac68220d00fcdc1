// Package neural learns which symbols come together on spam and on ham: a small net
// over the symbols of a scan, as Rspamd's module of that name has, that adds a symbol
// of its own.
//
// Messages whose verdict is clear (Rule.SpamScore and HamScore) become training
// vectors in the store, as many of spam as of ham; people's lessons do too (Learn).
// When there are enough, one of the machines that share the store trains a net and
// puts it there; all of them use it within a minute, until it is too old or the
// site's symbols have become others. Training and reading are done in the background
// by a goroutine that the Scanner's Close ends, or when the host calls Train.
//
// New makes the nets, Family is one of winnow.Options.Families, behind the others,
// and After is one of winnow.Options.After. A transcript holds what the nets said, so
// that a replay asks none. What learns from itself goes astray: a net neither sees
// symbols of nets and of statistics, nor learns from a score with its own part.
//
// The same vectors and the same seed give the same net, bit for bit, on every machine.
package neural

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// Defaults are Rspamd 4.1.6's, but for the rate.
const (
	DefaultTrains     = 1000
	DefaultUsages     = 10
	DefaultIterations = 25
	DefaultRate       = 0.05
	DefaultExpire     = 48 * time.Hour
	DefaultWatch      = time.Minute
	// MaxTrains bounds Rule.MaxTrains.
	MaxTrains = 10000
	// MaxDistance is which share of the symbols of two sets may be in one of them
	// alone for a net that was trained with one to be used with the other.
	MaxDistance = 0.3
	// lockTime is how long a training may take: then another machine may train.
	lockTime = 10 * time.Minute
)

// A Store keeps vectors and nets: any storage.Store.
type Store interface {
	storage.KV
	storage.Log
}

// A Rule is one net.
type Rule struct {
	// Name tells rules apart, in lower case letters, digits, "-" and "_"; it is part
	// of the keys in the store.
	Name string
	// Spam and Ham are the symbols. What they count is their weight times how sure
	// the net is, from 0 to 1, which is their option.
	Spam, Ham *symbols.Def
	// MaxTrains is how many vectors of each class are collected for a training; 0
	// means DefaultTrains.
	MaxTrains int `json:",omitempty"`
	// MaxUsages is how often in a row a net is trained on; the next one begins
	// anew. 0 means DefaultUsages.
	MaxUsages int `json:",omitempty"`
	// Iterations is how often a training goes through the vectors; 0 means
	// DefaultIterations. Rate is AdaGrad's learning rate; 0 means DefaultRate. (Rspamd's
	// learning_rate is RMSprop's and no measure for this one.)
	Iterations int     `json:",omitempty"`
	Rate       float64 `json:",omitempty"`
	// Expire is how long a net is used and a vector kept; 0 means DefaultExpire.
	Expire time.Duration `json:",omitempty"`
	// SpamScore and HamScore are the scores from and up to which a message is
	// learned; nil decides by the verdict as Rspamd does: spam is what is rejected
	// by two symbols or more or gets a header by three, ham what has no action and
	// a score below 0 or four symbols that lower it.
	SpamScore, HamScore *float64 `json:",omitempty"`
	// SpamThreshold and HamThreshold are how sure the net has to be, from 0 to 1,
	// for a symbol; a Flat one then counts as a whole.
	SpamThreshold, HamThreshold float64 `json:",omitempty"`
	Flat                        bool    `json:",omitempty"`
	// Seed is where the random weights of a new net come from.
	Seed uint64 `json:",omitempty"`
}

// Default is Rspamd's rule. Its symbols have no weight there either.
func Default() []Rule {
	return []Rule{rule("default", "NEURAL_", 0, 0)}
}

// Mailserver are docker-mailserver's three nets: of a week, of days and of half a day.
func Mailserver() []Rule {
	set := func(r Rule, trains, usages int, days time.Duration) Rule {
		spam, ham := 8.0, -2.0
		r.MaxTrains, r.MaxUsages, r.Expire, r.SpamScore, r.HamScore = trains, usages, days*24*time.Hour, &spam, &ham
		return r
	}
	return []Rule{
		set(rule("week", "NEURAL_WEEK_", 3, -3), 1000, 50, 300),
		set(rule("days", "NEURAL_DAYS_", 2.5, -1.5), 200, 10, 100),
		set(rule("half_day", "NEURAL_HALF_DAY_", 2, -1), 50, 4, 13),
	}
}

func rule(name, prefix string, spam, ham float64) Rule {
	def := func(class, like string, weight float64) *symbols.Def {
		return &symbols.Def{
			Name: prefix + class, Groups: []string{"neural"}, Weight: weight,
			Doc: "Symbols come together as on messages that were learned as " + like,
		}
	}
	return Rule{Name: name, Spam: def("SPAM", "spam", spam), Ham: def("HAM", "ham", ham)}
}

// Options configures New.
type Options struct {
	// Rules are the nets; nil means Default.
	Rules []Rule
	// Symbols are the names of those that the site's checks may raise; with them a
	// net is not used when they have changed too much (MaxDistance). Nil takes any net.
	Symbols []string
	// Exclude names further symbols that nets do not see, such as those of
	// classifiers with names of their own. Symbols of nets and those that begin
	// with BAYES_ never are.
	Exclude []string `json:",omitempty"`
	// Store keeps vectors and nets; it is required.
	Store Store `json:"-"`
	// Watch is how often the store is looked at in the background; 0 means
	// DefaultWatch, a negative one never: then the host calls Train.
	Watch time.Duration `json:"-"`
	// Host names this machine in locks.
	Host string `json:"-"`
	// Clock gives the time for expiry; nil means time.Now.
	Clock func() time.Time `json:"-"`
}

// Validate returns what is wrong with the options.
func (o *Options) Validate() error {
	v := valid.Of("neural")
	v.If(o.Store == nil, "Store", "none")
	for i := range o.Rules {
		r := &o.Rules[i]
		field := func(name string) string { return valid.At("Rules", i) + "." + name }
		v.If(!validName(r.Name), field("Name"), "%q is no name", r.Name)
		v.If(slices.ContainsFunc(o.Rules[:i], func(b Rule) bool { return b.Name == r.Name }), field("Name"), "%q is listed twice", r.Name)
		v.If(r.Spam == nil || r.Ham == nil, field("Spam"), "Spam or Ham is nil")
		v.Number(field("MaxTrains"), int64(r.MaxTrains), 0, MaxTrains)
		v.Number(field("MaxUsages"), int64(r.MaxUsages), 0, 1<<30)
		v.Number(field("Iterations"), int64(r.Iterations), 0, 10000)
		v.If(!(r.Rate >= 0 && r.Rate <= 1), field("Rate"), "%v is not between 0 and 1", r.Rate)
		v.If(r.Expire < 0, field("Expire"), "%v is negative", r.Expire)
		v.If(!(r.SpamThreshold >= 0 && r.SpamThreshold <= 1), field("SpamThreshold"), "%v is not between 0 and 1", r.SpamThreshold)
		v.If(!(r.HamThreshold >= 0 && r.HamThreshold <= 1), field("HamThreshold"), "%v is not between 0 and 1", r.HamThreshold)
		v.If(r.SpamScore != nil && r.HamScore != nil && !(*r.HamScore < *r.SpamScore), field("HamScore"), "is not below SpamScore")
	}
	return v.Err()
}

func validName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func (r Rule) withDefaults() Rule {
	for _, d := range []struct {
		field  *int
		preset int
	}{{&r.MaxTrains, DefaultTrains}, {&r.MaxUsages, DefaultUsages}, {&r.Iterations, DefaultIterations}} {
		if *d.field == 0 {
			*d.field = d.preset
		}
	}
	if r.Rate == 0 {
		r.Rate = DefaultRate
	}
	if r.Expire == 0 {
		r.Expire = DefaultExpire
	}
	return r
}

// Nets are the nets of a site. They are safe for concurrent use.
type Nets struct {
	o       Options
	rules   []*trained
	exclude map[string]bool
	family  *checks.Family
}

// A trained rule has the net that is in force.
type trained struct {
	Rule
	net atomic.Pointer[inForce]
}

// An inForce is a net with where it is from.
type inForce struct {
	*net
	version uint64
	since   time.Time
}

// New makes nets, or says what is wrong with the options.
func New(o Options) (*Nets, error) {
	if o.Rules == nil {
		o.Rules = Default()
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Watch == 0 {
		o.Watch = DefaultWatch
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.Symbols = slices.Compact(slices.Sorted(slices.Values(o.Symbols)))
	n := &Nets{o: o, exclude: map[string]bool{}}
	for _, name := range o.Exclude {
		n.exclude[name] = true
	}
	for _, r := range o.Rules {
		n.rules = append(n.rules, &trained{Rule: r.withDefaults()})
		n.exclude[r.Spam.Name], n.exclude[r.Ham.Name] = true, true
	}
	n.family = n.newFamily()
	return n, nil
}

// A Status tells of one rule's net.
type Status struct {
	Rule     string
	Version  uint64 // 0: there is none
	Since    time.Time
	Inputs   int     // symbols and numbers that it knows
	Spam     int     // vectors of the latest training
	Ham      int     //
	Usages   int     // how often it was trained on
	Accuracy float64 // share of vectors kept aside in the training that it told right
	Expired  bool
}

// Status tells of the nets in force on this machine.
func (n *Nets) Status() []Status {
	var list []Status
	for _, r := range n.rules {
		st := Status{Rule: r.Name}
		if f := r.net.Load(); f != nil {
			st = Status{
				r.Name, f.version, f.since, len(f.Columns) + numbers, f.Spam, f.Ham, f.Usages, f.Accuracy, n.expired(r, f),
			}
		}
		list = append(list, st)
	}
	return list
}

func (n *Nets) expired(r *trained, f *inForce) bool { return n.o.Clock().Sub(f.since) > r.Expire }

// ErrUnfit is of a net that tells the vectors kept aside apart hardly better than
// chance: it is not put in force, and its vectors go.
var ErrUnfit = errors.New("the net tells the vectors apart no better than chance")

func wrap(r *trained, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("neural: rule %s: %w", r.Name, err)
}
