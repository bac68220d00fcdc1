package standard

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/antivirus"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/external"
	"github.com/winnowmail/winnow/checks/forceactions"
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/languages"
	"github.com/winnowmail/winnow/checks/milterheaders"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/regexp"
	signingcheck "github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/checks/spamassassin"
	"github.com/winnowmail/winnow/checks/urls"
	"github.com/winnowmail/winnow/checks/whitelist"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/signing"
)

type source struct{}

func (source) Lookup(netip.Addr) (asn.Result, error) { return asn.Result{}, nil }

// Wrong values and contradictions are errors that name family and field.
func TestWrongOptions(t *testing.T) {
	for want, change := range map[string]func(*Options){
		`gtube: Patterns: unknown value "some"`:        func(o *Options) { o.GTUBE.Patterns = "some" },
		"aliases: Depth: -1 is not between":            func(o *Options) { o.Aliases.Depth = -1 },
		`aliases: LocalDomains[0]: "a b" is no domain`: func(o *Options) { o.Aliases.LocalDomains = []string{"a b"} },
		"once_received: Bad[1]: empty":                 func(o *Options) { o.OnceReceived.Bad = []string{"dyn", ""} },
		"once_received: Whitelist[0]: no network":      func(o *Options) { o.OnceReceived.Whitelist = make([]netip.Prefix, 1) },
		"hfilter: Off: nothing is left": func(o *Options) {
			h := &o.HFilter
			h.NoHelo, h.NoHostname, h.NoSender, h.NoRecipients, h.NoLinks = true, true, true, true, true
		},
		"asn: Zone4: nobody asks it":                     func(o *Options) { o.ASN.Source, o.ASN.Zone4 = source{}, "asn.example" },
		"authres: Trusted: missing":                      func(o *Options) { o.AuthRes.Clients = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} },
		"spf: Limits.Voids: -2 is not between":           func(o *Options) { o.SPF.Limits.Voids = -2 },
		"spf: Exempt[0]: no network":                     func(o *Options) { o.SPF.Exempt = make([]netip.Prefix, 1) },
		"dkim: MaxSignatures: 51 is not between":         func(o *Options) { o.DKIM.MaxSignatures = 51 },
		`arc: TrustedSealers[0]: "" is no domain`:        func(o *Options) { o.ARC.TrustedSealers = []string{""} },
		"dmarc: Discovery: unknown value 9":              func(o *Options) { o.DMARC.Discovery = 9 },
		`dmarc: Actions.Reject: it is written "reject"`:  func(o *Options) { o.DMARC.Actions.Reject = "Reject" },
		`dmarc: Actions.NA: "no action" changes nothing`: func(o *Options) { o.DMARC.Actions.NA = actions.NoAction },
		"dmarc: Munging.Lists: missing":                  func(o *Options) { o.DMARC.Munging = &dmarc.Munging{} },
		"whitelist: Lists: they are for the default": func(o *Options) {
			o.Whitelist = whitelist.Options{Rules: []whitelist.Rule{}, Lists: &whitelist.Lists{}}
		},
		`whitelist: Without[0]: there is no rule "NONE"`:  func(o *Options) { o.Whitelist.Without = []string{"NONE"} },
		`authheader: ServID: "a b" is no authserv-id`:     func(o *Options) { o.AuthHeader = &authheader.Options{ServID: "a b"} },
		`mid: Known["a.example"]: error parsing`:          func(o *Options) { o.MessageID.Known = map[string]string{"a.example": "("} },
		"freemail: Disposable[0]: empty":                  func(o *Options) { o.Freemail.Disposable = []string{" "} },
		`mime_types: BadExtensions[".exe"]: an extension`: func(o *Options) { o.MIME.BadExtensions = map[string]float64{".exe": 1} },
		`archives: Bait[0]: "Order" is not in lower case`: func(o *Options) { o.Archives.Bait = []string{"Order"} },
		`urls: SuspiciousTLDs[0]: "" is no domain`:        func(o *Options) { o.URLs.SuspiciousTLDs = []string{""} },
		"phishing: Strict[0].Domains: missing":            func(o *Options) { o.Phishing.Strict = []urls.StrictDomains{{Symbol: "A"}} },
		"phishing_feeds: Excluded[0]: empty":              func(o *Options) { o.Feeds.Excluded = []string{""} },
		`redirectors: Domains[0]: "" is no domain`:        func(o *Options) { o.Redirectors.Domains = []string{""} },
		`milter_headers: Use[0]: no routine "q"`:          func(o *Options) { o.MilterHeaders.Use = []string{"q"} },
		"milter_headers: Use: authentication-results: AuthHeader adds": func(o *Options) {
			o.AuthHeader, o.MilterHeaders.Use = &authheader.Options{}, []string{"authentication-results"}
		},
		`antivirus: Rules[0].Servers: missing`:            func(o *Options) { o.Antivirus.Rules = []antivirus.Rule{{}} },
		`external_services: Rules[0].Type: no scanner ""`: func(o *Options) { o.External.Rules = []external.Rule{{}} },
		"greylist: Expire: mail is forgotten before":      func(o *Options) { o.Greylist = &greylist.Options{Expire: time.Minute} },
		"ratelimit: Limits[0].Name: missing":              func(o *Options) { o.Ratelimit.Limits = []ratelimit.Limit{{}} },
		"mx_check: NoIPv4: without IPv6":                  func(o *Options) { o.MX = &mxcheck.Options{NoIPv4: true} },
		"mx_check: Expire: -1s is negative":               func(o *Options) { o.MX = &mxcheck.Options{Expire: -time.Second} },
		`rbl: Without[0]: there is no list "nowhere"`:     func(o *Options) { o.RBL.Without = []string{"nowhere"} },
		`rbl: More[0].Zone: "" is no domain (list "X")`:   func(o *Options) { o.RBL.More = []rbl.List{{Symbol: "X"}} },
		`rbl: More[0].Name: another list is "spamhaus"`:   func(o *Options) { o.RBL.More = []rbl.List{{Name: "spamhaus", Symbol: "X", Zone: "x.test"}} },
		"rbl: Pause: -1ns is negative":                    func(o *Options) { o.RBL.Pause = -1 },
	} {
		var o Options
		change(&o)
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
		if _, err := checks.NewPlan(Families(o)); err == nil {
			t.Errorf("%s: it is a plan all the same", want)
		}
	}
	if err := (Options{}).Validate(); err != nil {
		t.Error(err)
	}
}

func scanners() external.Options {
	return external.Options{Rules: []external.Rule{{Type: external.Razor, Servers: []string{"192.0.2.1:1"}}}}
}

// Off leaves every family with options out, whatever else they say.
func TestOff(t *testing.T) {
	o := Options{
		AuthHeader: &authheader.Options{}, MX: &mxcheck.Options{}, Greylist: &greylist.Options{}, External: scanners(),
		MilterHeaders: milterheaders.Options{Extended: true},
		Antivirus:     antivirus.Options{Rules: []antivirus.Rule{antivirus.Mailserver("192.0.2.1:3310")}},
		Languages:     languages.Options{Welcome: []string{"de"}},
		ForceActions:  forceactions.Options{Rules: []forceactions.Rule{{Name: "A", Action: "reject", Expression: "A"}}},
		Multimap:      multimap.Options{Rules: []multimap.Rule{{Symbol: "A", Type: multimap.DNSBL, Zone: "bl.example"}}},
		Ratelimit:     ratelimit.Options{Limits: []ratelimit.Limit{{Name: "to", Buckets: []ratelimit.Bucket{{Burst: 1}}}}},
		SpamAssassin:  &spamassassin.Options{Files: []spamassassin.File{{Name: "x", Text: "body X /x/"}}},
		Regexp:        &regexp.Options{Rules: []regexp.Rule{{Symbol: "X", Expr: "is_empty_body()"}}},
	}
	v, n := reflect.ValueOf(&o).Elem(), 0
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && f.IsNil() {
			f.Set(reflect.New(f.Type().Elem()))
		}
	}
	on := Families(o)
	for i := range v.NumField() {
		reflect.Indirect(v.Field(i)).FieldByName("Off").SetBool(true)
	}
	for i, f := range Families(o) {
		if f.Err != nil {
			t.Error(f.Err)
		}
		if len(f.Checks) < len(on[i].Checks) {
			n++
		}
	}
	// Trusted servers and keys have to be named: two have no checks anyway.
	if want := v.NumField() - 2; n != want {
		t.Errorf("%d families are off, want %d", n, want)
	}
}

func TestListsAreLeftOutByName(t *testing.T) {
	o := Options{RBL: rbl.Options{Without: []string{"spamhaus", "DBL"}}, Whitelist: whitelist.Options{Without: []string{"WHITELIST_SPF"}}}
	var names []string
	for _, c := range Checks(o) {
		for _, d := range c.Symbols {
			names = append(names, d.Name)
		}
	}
	for name, want := range map[string]bool{"RBL_SPAMHAUS_SBL": false, "DBL_SPAM": false, "WHITELIST_SPF": false, "WHITELIST_DKIM": true, "SURBL_BLOCKED": true} {
		if slices.Contains(names, name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// unseen are the fields that change no verdict, a function that words a reply, and
// what makes lists, which the rules that have them name.
var unseen = []string{"Multimap.Watcher", "Multimap.Tables", "RBL.OnState", "External.Dial", "Antivirus.Dial", "Ratelimit.Notice", "Ratelimit.Message"}

// Every field of every family's options changes the configuration.
func TestConfigIsComplete(t *testing.T) {
	fresh := func() *Options {
		return &Options{
			AuthHeader: &authheader.Options{}, MX: &mxcheck.Options{}, Greylist: &greylist.Options{}, DMARC: dmarc.Options{Munging: &dmarc.Munging{}},
			Signing: signingcheck.Options{ARC: &signingcheck.ARC{}},
		}
	}
	base, seen := configOf(t, *fresh()), 0
	var walk func(name string, at func(*Options) reflect.Value)
	walk = func(name string, at func(*Options) reflect.Value) {
		v := reflect.Indirect(at(fresh()))
		if v.Kind() == reflect.Struct && v.NumField() > 0 && v.Type() != reflect.TypeFor[netip.Prefix]() {
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() {
					walk(name+"."+f.Name, func(o *Options) reflect.Value { return reflect.Indirect(at(o)).Field(i) })
				}
			}
			return
		}
		name = strings.TrimPrefix(name, ".")
		o := fresh()
		if !set(at(o)) {
			t.Errorf("%s: no other value is known for a %v", name, v.Type())
			return
		}
		seen++
		if got := configOf(t, *o); (got == base) != slices.Contains(unseen, name) {
			t.Errorf("%s: the configuration changes: %v", name, got != base)
		}
	}
	walk("", func(o *Options) reflect.Value { return reflect.ValueOf(o).Elem() })
	if seen < 100 {
		t.Errorf("only %d fields were looked at", seen)
	}
}

// configOf is what the configuration digest covers.
func configOf(t *testing.T, o Options) string {
	type part struct {
		Name   string
		Config any
	}
	var parts []part
	for _, f := range Families(o) {
		parts = append(parts, part{f.Name, f.Config})
	}
	data, err := json.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// set gives v another value than its zero one.
func set(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8, reflect.Uint16:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(7)
	case reflect.String:
		v.SetString("other")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("a.example"), reflect.Zero(v.Type().Elem()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { panic("not called") }))
	case reflect.Interface:
		if reflect.TypeFor[source]().Implements(v.Type()) {
			v.Set(reflect.ValueOf(source{}))
			return true
		}
		if v.Type() == reflect.TypeFor[lists.Table]() {
			v.Set(reflect.ValueOf(&lists.HTTPTable{}))
			return true
		}
		if v.Type() != reflect.TypeFor[signing.KeySource]() {
			return false
		}
		v.Set(reflect.ValueOf(signing.KeyFunc(nil)))
	default:
		return false
	}
	return true
}
