package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/ratelimit"
)

// ratelimitFlags are what -ratelimit, -user-limit and their companions say.
type ratelimitFlags struct {
	limits        ratesFlag
	users         usersFlag
	exempt        networksFlag
	dynamic, plus bool
}

func (r *ratelimitFlags) register(flags *flag.FlagSet) {
	flags.Var(&r.limits, "ratelimit", "put mail off that comes faster, `NAME=RATE[,RATE]`: NAME as Rspamd has it (to, to_ip, bounce_to_ip, user), RATE like "+
		"100 / 1h or, with a burst of its own, 20:100 / 1h; may be repeated; needs -state")
	flags.Var(&r.users, "user-limit", "limit what each user sends and log who exceeds it, `KIND=RATE[,RATE]` with messages, recipients, "+
		"different (recipients, each once; only logged) or bounces (that come back; only logged) as KIND; may be repeated; needs -state")
	flags.Var(&r.exempt, "ratelimit-exempt", "`networks` without limits, by commas")
	flags.BoolVar(&r.dynamic, "ratelimit-dynamic", false, "let limits grow with good mail and shrink with bad")
	flags.BoolVar(&r.plus, "ratelimit-plus", false, "count user+tag as user")
}

// options turns the flags into the family's. log is asked for when a user is
// told of.
func (r *ratelimitFlags) options(log func() *slog.Logger) (ratelimit.Options, error) {
	o := ratelimit.Options{Limits: r.limits, Users: ratelimit.Users(r.users), Dynamic: r.dynamic, FoldPlus: r.plus, ExemptNetworks: r.exempt}
	users := !ratelimit.Users(r.users).IsZero()
	if !users && len(o.Limits) == 0 && (r.dynamic || r.plus || len(r.exempt) > 0) {
		return o, errors.New("-ratelimit-dynamic, -ratelimit-plus and -ratelimit-exempt need -ratelimit or -user-limit")
	}
	o.Notice = func(_ context.Context, in ratelimit.Incident) {
		log().Warn("a user exceeds a limit", "user", in.User, "limit", in.Limit, "rate", in.Bucket.Text(), "level", in.Level, "more", in.N, "bucket", in.Key)
	}
	if err := o.Validate(); err != nil {
		return o, fmt.Errorf("-ratelimit: %w", err)
	}
	return o, nil
}

// given says whether there is a limit among the flags.
func (r *ratelimitFlags) given() bool {
	return len(r.limits) > 0 || !ratelimit.Users(r.users).IsZero()
}

// A ratesFlag is a list of limits.
type ratesFlag []ratelimit.Limit

func (f *ratesFlag) String() string { return "" }

// Set takes one occurrence of the flag.
func (f *ratesFlag) Set(s string) error {
	name, buckets, err := rates(s)
	if err != nil {
		return err
	}
	*f = append(*f, ratelimit.Limit{Name: name, Buckets: buckets})
	return nil
}

func rates(s string) (name string, buckets []ratelimit.Bucket, err error) {
	name, text, ok := strings.Cut(s, "=")
	if !ok {
		return "", nil, fmt.Errorf("%q is not NAME=RATE", s)
	}
	buckets, err = ratelimit.ParseBuckets(text)
	return name, buckets, err
}

// A usersFlag is limits of users.
type usersFlag ratelimit.Users

func (f *usersFlag) String() string { return "" }

// Set takes one occurrence of the flag.
func (f *usersFlag) Set(s string) error {
	if text, ok := strings.CutPrefix(s, "different="); ok {
		return f.setDifferent(text)
	}
	kind, buckets, err := rates(s)
	if err != nil {
		return err
	}
	switch kind {
	case "messages":
		f.Messages = append(f.Messages, buckets...)
	case "recipients":
		f.Recipients = append(f.Recipients, buckets...)
	case "bounces":
		f.Bounces = append(f.Bounces, buckets...)
	default:
		return fmt.Errorf("%q is none of messages, recipients, different and bounces", kind)
	}
	return nil
}

// setDifferent takes "100 / 1h".
func (f *usersFlag) setDifferent(text string) error {
	n, seconds, err := ratelimit.ParseRate(text)
	if err != nil {
		return err
	}
	if f.Distinct.Recipients != 0 || n < 1 || n != math.Trunc(n) || n > math.MaxInt32 || seconds > 1e8 {
		return fmt.Errorf("%q is no number of recipients in a time, or the second one", text)
	}
	f.Distinct = ratelimit.Distinct{Recipients: int(n), Window: time.Duration(seconds * float64(time.Second))}
	return nil
}

// A networksFlag is a list of networks and addresses.
type networksFlag []netip.Prefix

func (f *networksFlag) String() string { return "" }

// Set takes one occurrence of the flag.
func (f *networksFlag) Set(s string) error {
	for text := range strings.SplitSeq(s, ",") {
		if ip, err := netip.ParseAddr(text); err == nil {
			text = netip.PrefixFrom(ip, ip.BitLen()).String()
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("%q is no network", text)
		}
		if p = p.Masked(); !slices.Contains(*f, p) {
			*f = append(*f, p)
		}
	}
	return nil
}
