package ratelimit

import (
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section ratelimit.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "ratelimit", Doc: "puts off what comes too fast", Off: &o.Off,
		Keys: append([]option.Key{
			option.Func("rates", "limits by name", o.rates, "limits: NAME { bucket { burst = 100; rate = \"100 / 1h\"; } }, or NAME = \"100 / 1h\"").
				Example(map[string]any{"to_ip": "100 / 1h"}),
			option.Func("whitelisted_rcpts", "list, or words with commas", func(v option.Value) error { return split(v, &o.ExemptRcpts) }, "recipients that do not count").
				Or("postmaster, mailer-daemon").Example("abuse"),
			option.Networks("whitelisted_ip", &o.ExemptNetworks, "clients without limits"),
			option.Entries("whitelisted_user", &o.ExemptUsers, "users without limits").Example([]string{"ann@example.org"}),
			option.Func("bounce_senders", "list", func(v option.Value) error { return split(v, &o.BounceSenders) }, "local parts of senders of bounces").Example("bounce"),
			option.String("symbol", &o.Symbol, "what exceeds a limit raises, in place of being put off").Example("RATELIMIT"),
			option.String("info_symbol", &o.InfoSymbol, "what is put off raises").Or("RATELIMITED").Example("LIMITED"),
			option.Bool("dynamic_rate_limit", &o.Dynamic, "limits grow with good mail and shrink with bad"),
			option.Float("ham_factor_rate", &o.Factors.HamRate, "by how much the rate grows").Or(1.01),
			option.Float("spam_factor_rate", &o.Factors.SpamRate, "by how much it shrinks").Or(.99),
			option.Float("ham_factor_burst", &o.Factors.HamBurst, "by how much the burst grows").Or(1.02),
			option.Float("spam_factor_burst", &o.Factors.SpamBurst, "by how much it shrinks").Or(.98),
			option.Float("max_rate_mult", &o.Factors.MaxRate, "how far the rate grows").Or(5.0),
			option.Float("max_bucket_mult", &o.Factors.MaxBurst, "how far the burst grows").Or(10.0),
			option.Duration("expire", &o.Expire, "how long a bucket is kept").Or(48 * time.Hour),
			option.Fixed("message", "Ratelimit \"%s\" exceeded", "texts are those of buckets"),
			option.Fixed("prefix", "RL", "keys are Rspamd's own, so that both can share a store"),
			option.Fixed("key_prefix", "RL", "keys are Rspamd's own, so that both can share a store"),
		}, append(option.Without("one message counts by its recipients", "max_rcpt", "max_delay", "use_ip_score", "limits"),
			option.Without("Lua is not run: rates.NAME.selector says what is counted, and Limit.Selector is for programs", "custom_keywords", "message_func", "notify_symbol", "settings")...)...),
	}
}

// split reads a list, whose items may have commas.
func split(v option.Value, field *[]string) error {
	list, err := v.Entries()
	if err != nil {
		return err
	}
	*field = []string{}
	for _, text := range list {
		for word := range strings.SplitSeq(text, ",") {
			if word = strings.TrimSpace(word); word != "" {
				*field = append(*field, word)
			}
		}
	}
	return nil
}

// rates reads limits.
func (o *Options) rates(v option.Value) error {
	for name, item := range v.All() {
		if item.IsNull() {
			continue
		}
		l := Limit{Name: name}
		var err error
		if item.IsObject() {
			l.Buckets, err = object(&l, item)
		} else {
			l.Buckets, err = text(item)
		}
		if err != nil {
			return err
		}
		if len(l.Buckets) > 0 {
			o.Limits = append(o.Limits, l)
		}
	}
	return nil
}

// object is a limit as a section.
func object(l *Limit, v option.Value) (list []Bucket, err error) {
	off := false
	table := &option.Section{Name: l.Name, Doc: "one limit", Off: &off, Keys: []option.Key{
		option.Func("bucket", "one or several sections", func(v option.Value) error {
			for _, item := range v.Items() {
				b, err := bucket(item)
				if err != nil {
					return err
				}
				list = append(list, b)
			}
			return nil
		}, "buckets that all have to have room").Alias("buckets"),
		option.Bool("each_rcpt", &l.EachRcpt, "each recipient has its own bucket"),
		option.String("selector", &l.Select, "what has a bucket of its own, in place of the words of the name"),
	}}
	var warned error
	if err := table.Apply(v, func(err error) { warned = err }); err != nil {
		return nil, err
	}
	if warned != nil {
		return nil, warned
	}
	if off {
		return nil, nil
	}
	return list, nil
}

// bucket is one bucket: a section with burst and rate, or a text.
func bucket(v option.Value) (b Bucket, err error) {
	if !v.IsObject() {
		list, err := text(v)
		if err != nil || len(list) != 1 {
			return b, v.Errorf("a bucket is a section, or a text such as \"100 / 1h\"")
		}
		return list[0], nil
	}
	rate, ok := v.Get("rate")
	if !ok {
		return b, v.Errorf("a bucket needs a rate")
	}
	if f, err := rate.AsFloat(); err == nil {
		b.Rate = f
	} else if list, err := text(rate); err != nil {
		return b, err
	} else {
		b = list[0]
	}
	var warned error
	table := &option.Section{Name: "bucket", Doc: "one bucket", Keys: []option.Key{
		option.Func("rate", "number a second, or text", func(option.Value) error { return nil }, "what it loses"),
		option.Float("burst", &b.Burst, "what it holds"),
		option.Bool("skip_recipients", &b.PerMessage, "add one for each message, whatever the number of recipients"),
		option.String("symbol", &b.Symbol, "raised in place of putting the message off"),
		option.String("message", &b.Message, "text of the reply"),
		option.Bool("skip_soft_reject", &b.NoSoftReject, "raise the symbols only"),
	}}
	if err := table.Apply(v, func(err error) { warned = err }); err != nil {
		return b, err
	}
	return b, warned
}

func text(v option.Value) ([]Bucket, error) {
	s, err := v.AsString()
	if err != nil {
		return nil, err
	}
	list, err := ParseBuckets(s)
	if err != nil {
		return nil, v.Errorf("%w", err)
	}
	return list, nil
}
