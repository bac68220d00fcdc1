package option_test

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/checks/option"
)

type rule struct{ name, symbol string }

type options struct {
	off      bool
	local    bool
	noHelo   bool
	timeout  time.Duration
	count    int
	mode     string
	names    []string
	networks []netip.Prefix
	rules    []rule
	depth    float64
	used     bool
}

func (o *options) section() *option.Section {
	return &option.Section{Name: "example", Doc: "is an example", Off: &o.off, Use: func() error { o.used = true; return nil }, Keys: append([]option.Key{
		option.Bool("check_local", &o.local, "help"),
		option.Not("helo_enabled", &o.noHelo, "help"),
		option.Duration("timeout", &o.timeout, "help").Or(5 * time.Minute).Alias("wait"),
		option.Int("count", &o.count, "help"),
		option.Enum("mode", &o.mode, map[string]string{"soft_reject": "soft", "reject": "hard"}, "help"),
		option.Strings("names", &o.names, "help"),
		option.Networks("networks", &o.networks, "help"),
		option.Nested(&option.Section{Name: "deep", Doc: "is below", Keys: []option.Key{option.Float("depth", &o.depth, "help")}}, "help"),
		option.Each("*", o.rule, "help"),
		option.Fixed("prefix", "rx", "the prefix is what it is"),
	}, option.Without("there is no cache", "cache_size")...)}
}

func (o *options) rule(name string) *option.Section {
	r := rule{name: name}
	return &option.Section{Name: name, Doc: "is a rule", Keys: []option.Key{option.String("symbol", &r.symbol, "help")}, Use: func() error {
		if r.symbol == "" {
			return errors.New("a symbol is needed")
		}
		o.rules = append(o.rules, r)
		return nil
	}}
}

func apply(v map[string]any) (o options, warnings string, err error) {
	var list []string
	err = o.section().Apply(option.Of(v), func(err error) { list = append(list, err.Error()) })
	return o, strings.Join(list, "\n"), err
}

func TestApply(t *testing.T) {
	got, warnings, err := apply(map[string]any{
		"check_local": true, "helo_enabled": false, "wait": 7, "count": "12", "mode": "soft reject", "names": "one",
		"networks": []string{"192.0.2.1", "198.51.100.7/24, [2001:db8::1]"}, "deep": map[string]any{"depth": 1.5},
		"R1": map[string]any{"symbol": "X"}, "R2": map[string]any{"symbol": "Y", "enabled": false}, "prefix": "rx", "unset": nil,
	})
	want := options{local: true, noHelo: true, timeout: 7 * time.Second, count: 12, mode: "soft", names: []string{"one"}, depth: 1.5, used: true,
		networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::1/128")},
		rules:    []rule{{"R1", "X"}}}
	if err != nil || warnings != "" || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v; warnings %q, error %v", got, want, warnings, err)
	}
}

func TestOff(t *testing.T) {
	for _, v := range []map[string]any{{"enabled": false}, {"disabled": true}} {
		if o, _, err := apply(v); err != nil || !o.off || o.used {
			t.Errorf("%v: %+v, %v", v, o, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		says map[string]any
		want string
	}{
		{map[string]any{"chekc_local": true}, `example has no key chekc_local; did you mean "check_local"?`},
		{map[string]any{"cache_size": 5}, "example: cache_size has no effect: there is no cache"},
		{map[string]any{"prefix": "other"}, "example: prefix has no effect: the prefix is what it is"},
		{map[string]any{"timeout": 0}, "example: timeout = 0 is read as the default, 5min"},
	} {
		if _, warnings, err := apply(c.says); err != nil || warnings != c.want {
			t.Errorf("%v: %q, %v; want %q", c.says, warnings, err, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		says map[string]any
		want string
	}{
		{map[string]any{"check_local": "maybe"}, "(example: check_local)"},
		{map[string]any{"mode": "later"}, `"later" is none of reject, soft_reject (example: mode)`},
		{map[string]any{"networks": "here"}, `"here" is no network (example: networks)`},
		{map[string]any{"R": map[string]any{}}, "R: a symbol is needed"},
		{map[string]any{"deep": 5}, "deep is no section (example: deep)"},
		{map[string]any{"enabled": "perhaps"}, "(example: enabled)"},
		{map[string]any{"count": 1e18, "timeout": "x"}, "(example: timeout)"},
	} {
		if _, _, err := apply(c.says); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.says, err, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	s := new(options).section()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if k := s.Key("wait"); k == nil || k.Default != "5min" || k.Type != "time" {
		t.Errorf("%+v", k)
	}
	if k := s.Key("helo_enabled"); k.Default != "true" {
		t.Errorf("%+v", k)
	}
	s.Keys = append(s.Keys, option.Key{Names: []string{"count"}})
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), `"count" is there twice`) {
		t.Errorf("%v", err)
	}
}
