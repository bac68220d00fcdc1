package reputation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/reputation"
)

func of(name string, v any) map[string]any { return map[string]any{name: v} }

// TestSection reads a file as they are in the field.
func TestSection(t *testing.T) {
	redis := of("redis", of("servers", "localhost"))
	file := of("rules", map[string]any{
		"ip_reputation":  map[string]any{"selector": of("ip", of("scores", of("asn", 0.3))), "backend": redis, "symbol": "IP_REPUTATION"},
		"sender":         map[string]any{"selector": of("sender", map[string]any{"outbound": true, "lower_bound": 20}), "backend": redis},
		"spf_reputation": map[string]any{"selector": of("spf", of("split_symbols", false)), "backend": of("redis", map[string]any{"expiry": 60, "prefix": "S:"}), "symbol": "SPF_REPUTATION"},
		"generic_one":    map[string]any{"selector": of("generic", of("selector", "from('smtp'):domain")), "backend": of("redis", of("buckets", []any{map[string]any{"time": 3600, "name": "h", "mult": 2}}))},
		"listed":         map[string]any{"selector": of("url", map[string]any{}), "backend": of("dns", map[string]any{"list": "rep.example", "hashed": true})},
		"off":            map[string]any{"enabled": false, "selector": of("dkim", map[string]any{})},
		"without_a_list": map[string]any{"selector": of("dkim", map[string]any{}), "backend": of("dns", map[string]any{})},
	})
	var o reputation.Options
	var warnings []string
	if err := o.Section().Apply(option.Of(file), func(err error) { warnings = append(warnings, err.Error()) }); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range o.Rules {
		names = append(names, r.Symbol)
	}
	if want := []string{"IP_REPUTATION", "SENDER_REP", "SPF_REPUTATION", "URL_SCORE", "generic_one"}; !slices.Equal(names, want) || o.Validate() != nil {
		t.Fatalf("rules %q, want %q; %v", names, want, o.Validate())
	}
	ip, sender, spf, url, generic := o.Rules[0], o.Rules[1], o.Rules[2], o.Rules[3], o.Rules[4]
	if *ip.Scores.ASN != 0.3 || ip.Scores.IP != nil || sender.Kind != reputation.IP || !*sender.Outbound || sender.Inbound != nil || sender.LowerBound != 20 {
		t.Errorf("%+v, %+v", ip, sender)
	}
	if *spf.Split || spf.Expire.Seconds() != 60 || spf.Prefix != "S:" || url.Zone != "rep.example" || url.Hash.Sum != "blake2" {
		t.Errorf("%+v, %+v", spf, url)
	}
	if generic.Select != "from('smtp'):domain" || len(generic.Windows) != 1 || generic.Windows[0].Factor != 2 || generic.Windows[0].Span.Hours() != 1 {
		t.Errorf("%+v", generic)
	}
	if len(warnings) != 3 || !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, "has no list") }) {
		t.Errorf("%q", warnings)
	}
	for want, bad := range map[string]any{
		`"ipp" is none of`: of("rules", of("x", map[string]any{"symbol": "X", "selector": of("ipp", map[string]any{})})),
		"does not fit":     of("rules", of("x", map[string]any{"selector": of("spf", of("max_urls", 3))})),
		"Kind: \"\"":       of("rules", of("x", of("symbol", "X"))),
	} {
		var o reputation.Options
		if err := o.Section().Apply(option.Of(bad), func(error) {}); err != nil || o.Validate() == nil || !strings.Contains(o.Validate().Error(), want) {
			t.Errorf("%v: %v, want %s", err, o.Validate(), want)
		}
	}
}
