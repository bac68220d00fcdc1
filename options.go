package winnow

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/profile"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/storage"
)

// Options configures a Scanner. The zero value works: the built-in checks
// with Rspamd 4.1.6's weights, no network, no store.
type Options struct {
	// Profile gives weights, composites and thresholds; nil means Rspamd().
	Profile *profile.Profile
	// Families are the families of checks, each of another name; nil means
	// standard.Families with its zero options, an empty list none.
	Families []*checks.Family
	// Checks are the host's own, beside those of the families.
	Checks []*checks.Check
	// Metric and Thresholds, where set, replace those of the profile.
	Metric     *score.Metric
	Thresholds actions.Thresholds
	// DNS is how questions are asked; without a Resolver none are.
	DNS resolver.Options
	// Store keeps state over scans; nil: nothing is kept.
	Store storage.KV
	// Timeout bounds one scan; 0 means 8 s as Rspamd 4.1.6, negative none.
	Timeout time.Duration
	// OnTimeout says what a scan does whose time ran out.
	OnTimeout OnTimeout
	// Limits bounds what one message may cost; zero fields mean defaults.
	Limits mail.Limits
	// LocalNetworks are the host's own networks: mail from there is
	// outgoing. nil means DefaultLocalNetworks; loopback always counts.
	LocalNetworks []netip.Prefix
	// Settings, if set, is asked for each scan: for the message as a whole
	// (rcpt "") and for each recipient. nil settings change nothing.
	Settings func(env *mail.Envelope, rcpt string) *Settings
	// Clock is the time of a scan; nil means time.Now.
	Clock func() time.Time
	// Seed gives each scan the seed of its random draws; nil draws one.
	Seed func() uint64
	// Log receives debug records, and warnings of what runs beside the scans
	// about things that an operator has to mend: a key file, a DNS list. nil is
	// silent.
	Log *slog.Logger
	// Trace is told what happens in a scan; its zero value costs nothing.
	Trace Trace
}

// OnTimeout says what a scan does whose time ran out. The score is then what
// the finished checks gave.
type OnTimeout uint8

// The behaviours.
const (
	ScoreOnTimeout      OnTimeout = iota // the action follows from the score
	SoftRejectOnTimeout                  // the action is at least a soft reject; a reject stays one
)

// Trace is a set of optional functions that are told what happens; they may
// be called from several goroutines at once and must return fast.
type Trace struct {
	CheckDone func(check string, took time.Duration, hits int, err error)
	// ScanDone is called once for each message that was scanned, before Scan
	// returns; not for replays.
	ScanDone func(*Result)
	// StepDone is called at the end of a Session's Connect, MailFrom and Rcpt.
	StepDone func(checks.Phase, *Result)
}

// Settings change what is looked at and how it counts, for one scan or for
// one recipient.
type Settings struct {
	score.Selection
	// Thresholds replaces single thresholds; NaN takes one away.
	Thresholds actions.Thresholds
	// PassAll keeps a pre-result from ending the scan early.
	PassAll bool
}

// DefaultLocalNetworks returns the networks that count as local by default,
// as Rspamd 4.1.6.
func DefaultLocalNetworks() []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range []string{"192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "fd00::/8", "169.254.0.0/16", "fe80::/10"} {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

// ErrOptions is wrapped by every error of New.
var ErrOptions = errors.New("winnow: bad options")

// withDefaults fills in what is nil and validates the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Profile == nil {
		p := Rspamd()
		o.Profile = &p
	}
	if o.Families == nil {
		o.Families = standard.Families(standard.Options{})
	}
	if o.Metric == nil {
		o.Metric = &o.Profile.Metric
	}
	if o.Thresholds == nil {
		o.Thresholds = o.Profile.Thresholds
	}
	if o.Timeout == 0 {
		o.Timeout = 8 * time.Second
	}
	if o.OnTimeout > SoftRejectOnTimeout {
		return o, fmt.Errorf("OnTimeout: unknown value %d", o.OnTimeout)
	}
	if o.DNS.SoftRejectOnTimeout {
		o.OnTimeout = SoftRejectOnTimeout
	}
	if o.LocalNetworks == nil {
		o.LocalNetworks = DefaultLocalNetworks()
	}
	for i, p := range o.LocalNetworks {
		if !p.IsValid() {
			return o, fmt.Errorf("LocalNetworks[%d]: invalid prefix", i)
		}
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
	return o, o.Thresholds.Validate()
}
