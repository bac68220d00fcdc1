package winnow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
)

// Options configures a Scanner. The zero value works: the built-in checks
// with Rspamd 4.1.6's weights, no network, no store.
type Options struct {
	// Profile is the set-up by which the Scanner judges; the zero value is
	// Rspamd(). All other fields lie over it and leave alone what they do not
	// name.
	Profile Profile
	// Layer holds the site's own changes.
	Layer
	// Families are the families of checks, each with a name of its own. nil
	// means standard.Families with its zero options; an empty list means none.
	Families []*checks.Family
	// Checks are the host's own, beside those of the families.
	Checks []*checks.Check
	// DNS says how DNS questions are asked. Without a Resolver none are.
	DNS resolver.Options
	// Store keeps state from scan to scan; without it nothing is kept.
	Store storage.KV
	// Stores are stores of single families, by the families' names, in place of
	// Store. What checks ask at the same time goes to each store in one trip,
	// and each store has the whole StoreBudget.
	Stores map[string]storage.KV
	// StoreBudget is how long one scan waits for its store altogether,
	// including commits and durable After values. 0 means DefaultStoreBudget; a
	// negative budget leaves the scan's own time as the only bound. Calls that
	// are made after that, or are then in progress, fail. Result.Incomplete
	// names the checks that made them, and the verdict comes without their
	// results.
	StoreBudget time.Duration
	// Learner, if set, is asked by every scan (symbols BAYES_SPAM and BAYES_HAM of
	// the family "bayes") and taught by Learn. It stays the host's: several
	// Scanners may share one, and Close leaves it open.
	Learner *bayes.Learner
	// Classifiers are asked by every scan and taught by Learn, beside the
	// Learner or in place of it: Rspamd's statistics (bayes/osb) or naive Bayes
	// (bayes/naive), which may tell more than two classes apart. The models
	// stay the host's. A classifier that stands beside a Learner needs a name.
	Classifiers []statistics.Classifier
	// After is the work that follows a verdict: reports, history, metrics.
	After []After
	// Admission bounds how much is scanned at once; its zero value sets no
	// bound.
	Admission Admission
	// Timeout bounds one scan, from when the message is admitted and read. 0
	// means 8 s, as in Rspamd 4.1.6; a negative value means no bound.
	Timeout time.Duration
	// Limits bounds what one message may cost; zero fields mean defaults.
	Limits mail.Limits
	// LocalNetworks are the host's own networks: mail from there is outgoing.
	// nil means those of the profile, an empty list none. Loopback always
	// counts.
	LocalNetworks []netip.Prefix
	// Settings, if set, is asked for the settings of each scan: for the message
	// as a whole and for each recipient. They lie over those of the profile;
	// nil changes nothing. It is called once for each address of a transaction;
	// if it returned nil before DATA in a Session, it is called again when
	// there is a message. It must return when ctx ends, which is after half of
	// Timeout at the latest. If it panics, or returns an error or settings that
	// Scanner.Check refuses, the site's settings hold and Result.Incomplete
	// names "settings".
	Settings func(ctx context.Context, r SettingsRequest) (*Settings, error)
	// Clock gives the time of a scan; nil means time.Now.
	Clock func() time.Time
	// Seed gives the seed for the random draws of a scan; nil draws one.
	Seed func() uint64
	// Log receives debug records. It also receives warnings about things that
	// an operator has to mend, such as a key file or a DNS list; they come from
	// work that runs beside the scans. nil is silent.
	Log *slog.Logger
	// Trace has functions that are called at points of a scan; its zero value
	// costs nothing.
	Trace Trace
}

// Trace is a set of optional functions that are told what happens. Several
// goroutines may call them at once, and they must return fast.
type Trace struct {
	CheckDone func(check string, took time.Duration, hits int, err error)
	// ScanDone is called once for each message that was scanned, before Scan
	// returns. It is not called for replays.
	ScanDone func(*Result)
	// StepDone is called at the end of a Session's Connect, MailFrom and Rcpt.
	StepDone func(checks.Phase, *Result)
	// AfterDone is called when an After has run for a message, AfterDropped
	// when a message was not handed to it.
	AfterDone    func(after string, took time.Duration, err error)
	AfterDropped func(after string)
}

// ErrOptions is wrapped by every error of New.
var ErrOptions = errors.New("winnow: bad options")

// withDefaults fills in what is nil and validates the rest.
func (o Options) withDefaults() (Options, error) {
	p := o.Profile.get()
	o.Profile = Profile{p}
	if o.Families == nil {
		o.Families = standard.Families(standard.Options{})
	}
	if o.Learner != nil {
		o.Families = append(slices.Clip(o.Families), statistics.New(o.Learner))
	}
	for _, c := range o.Classifiers {
		o.Families = append(slices.Clip(o.Families), statistics.Classify(c))
	}
	o.StoreBudget = orDefault(o.StoreBudget, DefaultStoreBudget)
	if o.Timeout == 0 {
		o.Timeout = 8 * time.Second
	}
	o.DNS.SoftRejectOnTimeout = o.DNS.SoftRejectOnTimeout || p.SoftRejectOnTimeout
	if o.LocalNetworks == nil {
		o.LocalNetworks = p.LocalNetworks
	}
	for i, p := range o.LocalNetworks {
		if !p.IsValid() {
			return o, fmt.Errorf("LocalNetworks[%d]: invalid prefix", i)
		}
	}
	if err := o.Admission.valid(); err != nil {
		return o, err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Seed == nil {
		o.Seed = randomSeed
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
