package selector

import (
	"maps"
	"net/netip"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// An object is a kind of value that has methods.
type object struct {
	name    string
	text    func(o any) string // what it is without a method
	methods map[string]func(o any) (string, bool)
}

// texts makes texts of objects.
func (o *object) texts(in []item) []item {
	out := make([]item, 0, len(in))
	for _, x := range in {
		out = append(out, item{text: o.text(x.obj)})
	}
	return out
}

// method makes the step of a method. On text, one that is a transform too says so.
func (p *parser) method(c call, t typ) (func([]item) []item, error) {
	if t.of == nil {
		hint := ""
		if isTransform(c.name) {
			hint = "; the transform of that name follows a dot"
		}
		return nil, p.errorf(c.at, "text has no method %q%s", c.name, hint)
	}
	f, ok := t.of.methods[c.name]
	if !ok {
		return nil, p.unknown(c.at, "method of "+t.of.name, c.name, maps.Keys(t.of.methods))
	}
	if err := p.count(c, 0, 0); err != nil {
		return nil, err
	}
	return func(in []item) []item {
		out := make([]item, 0, len(in))
		for _, x := range in {
			if s, ok := f(x.obj); ok {
				out = append(out, item{text: s})
			}
		}
		return out
	}, nil
}

// some reports a text unless it is empty.
func some(s string) (string, bool) { return s, s != "" }

// truth is what a method that answers yes or no gives: nothing for no.
func truth(b bool) (string, bool) { return "true", b }

// of makes methods of functions of a type.
func of[T any](fs map[string]func(T) (string, bool)) map[string]func(any) (string, bool) {
	out := make(map[string]func(any) (string, bool), len(fs))
	for name, f := range fs {
		out[name] = func(o any) (string, bool) { return f(o.(T)) }
	}
	return out
}

type address = *mail.Address

func addresses() *object {
	return &object{
		name: "an address",
		text: func(o any) string { return o.(address).Addr },
		methods: of(map[string]func(address) (string, bool){
			"addr":   func(a address) (string, bool) { return some(a.Addr) },
			"user":   func(a address) (string, bool) { return some(a.User) },
			"domain": func(a address) (string, bool) { return some(a.Domain) },
			"name":   func(a address) (string, bool) { return some(a.Name) },
			"raw":    func(a address) (string, bool) { return some(a.Raw) },
		}),
	}
}

func addressItems(list []mail.Address) []item {
	out := make([]item, 0, len(list))
	for i := range list {
		if list[i].Addr != "" {
			out = append(out, item{obj: &list[i]})
		}
	}
	return out
}

func urls() *object {
	flag := func(f mail.URLFlags) func(*mail.URL) (string, bool) {
		return func(u *mail.URL) (string, bool) { return truth(u.Flags&f != 0) }
	}
	text := func(u *mail.URL) (string, bool) { return some(u.Text) }
	return &object{
		name: "a URL",
		text: func(o any) string { return o.(*mail.URL).Text },
		methods: of(map[string]func(*mail.URL) (string, bool){
			"get_tld":      func(u *mail.URL) (string, bool) { return some(u.TLD) },
			"get_host":     func(u *mail.URL) (string, bool) { return some(u.Host) },
			"get_user":     func(u *mail.URL) (string, bool) { return some(u.User) },
			"get_path":     func(u *mail.URL) (string, bool) { return some(u.Path) },
			"get_query":    func(u *mail.URL) (string, bool) { return some(u.Query) },
			"get_fragment": func(u *mail.URL) (string, bool) { return some(u.Fragment) },
			"get_text":     text, "tostring": text,
			"get_raw":      func(u *mail.URL) (string, bool) { return some(u.Raw) },
			"get_protocol": func(u *mail.URL) (string, bool) { return some(u.Scheme) },
			"get_port":     func(u *mail.URL) (string, bool) { return strconv.Itoa(port(u)), port(u) != 0 },
			"get_count":    func(u *mail.URL) (string, bool) { return strconv.Itoa(u.Count), true },
			"get_phished": func(u *mail.URL) (string, bool) {
				if u.Phished == nil {
					return "", false
				}
				return some(u.Phished.Text)
			},
			"is_phished": flag(mail.URLPhished), "is_obscured": flag(mail.URLObscured), "is_html_displayed": flag(mail.URLHTMLDisplayed),
			"is_subject": flag(mail.URLSubject),
		}),
	}
}

func port(u *mail.URL) int {
	if u.Port != 0 {
		return u.Port
	}
	return map[string]int{"http": 80, "https": 443, "ftp": 21}[u.Scheme]
}

func urlItems(list []*mail.URL) []item {
	out := make([]item, len(list))
	for i, u := range list {
		out[i].obj = u
	}
	return out
}

func ips() *object {
	text := func(a netip.Addr) (string, bool) { return a.String(), true }
	return &object{
		name: "an IP address",
		text: func(o any) string { return o.(netip.Addr).String() },
		methods: of(map[string]func(netip.Addr) (string, bool){
			"to_string": text, "tostring": text,
			"get_version": func(a netip.Addr) (string, bool) {
				if a.Is4() {
					return "4", true
				}
				return "6", true
			},
			"is_local": func(a netip.Addr) (string, bool) {
				return truth(a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast())
			},
			"to_number": func(a netip.Addr) (string, bool) {
				b := a.AsSlice()
				n := uint64(0)
				for _, c := range b[max(0, len(b)-8):] {
					n = n<<8 | uint64(c)
				}
				return strconv.FormatUint(n, 10), true
			},
		}),
	}
}

func fields() *object {
	value := func(f *mail.Field) (string, bool) { return f.Value(), true }
	return &object{
		name: "a header field",
		text: func(o any) string { return o.(*mail.Field).Value() },
		methods: of(map[string]func(*mail.Field) (string, bool){
			"name":    func(f *mail.Field) (string, bool) { return f.Name(), true },
			"value":   value,
			"raw":     func(f *mail.Field) (string, bool) { return string(f.RawValue()), true },
			"decoded": func(f *mail.Field) (string, bool) { return f.Text(), true },
			"separator": func(f *mail.Field) (string, bool) {
				return some(f.Separator())
			},
			"tab_separated":   func(f *mail.Field) (string, bool) { return truth(strings.HasPrefix(f.Separator(), "\t")) },
			"empty_separator": func(f *mail.Field) (string, bool) { return truth(f.Separator() == "") },
		}),
	}
}

func hops() *object {
	ip := func(a netip.Addr) (string, bool) {
		if !a.IsValid() {
			return "", false
		}
		return a.Unmap().String(), true
	}
	type hop = *mail.Received
	name := func(h hop) (string, bool) { return some(h.Seen.Name) }
	return &object{
		name: "a Received header",
		text: func(o any) string {
			if f := o.(hop).Field; f != nil {
				return f.Value()
			}
			return ""
		},
		methods: of(map[string]func(hop) (string, bool){
			"from_hostname": func(h hop) (string, bool) { return some(h.From) },
			"from_ip":       func(h hop) (string, bool) { return ip(h.Addr()) },
			"real_hostname": name,
			"real_ip":       func(h hop) (string, bool) { return ip(h.Addr()) },
			"by_hostname":   func(h hop) (string, bool) { return some(h.By) },
			"proto":         func(h hop) (string, bool) { return some(strings.ToLower(h.With)) },
			"for":           func(h hop) (string, bool) { return some(h.For) },
			"timestamp": func(h hop) (string, bool) {
				return strconv.FormatInt(h.Time.Unix(), 10), !h.Time.IsZero()
			},
			"artificial": func(h hop) (string, bool) { return truth(h.Artificial) },
			"raw": func(h hop) (string, bool) {
				if h.Field == nil {
					return "", false
				}
				return string(h.Field.RawValue()), true
			},
		}),
	}
}

// A word is one of a text in its forms.
type word struct{ stem, norm, raw string }

func wordObjects() *object {
	return &object{
		name: "a word",
		text: func(o any) string { return o.(word).norm },
		methods: of(map[string]func(word) (string, bool){
			"1": func(w word) (string, bool) { return some(w.stem) },
			"2": func(w word) (string, bool) { return some(w.norm) },
			"3": func(w word) (string, bool) { return some(w.raw) },
		}),
	}
}

func hits() *object {
	return &object{
		name: "a symbol",
		text: func(o any) string { return o.(symbols.Hit).Def.Name },
		methods: of(map[string]func(symbols.Hit) (string, bool){
			"name":    func(h symbols.Hit) (string, bool) { return h.Def.Name, true },
			"options": func(h symbols.Hit) (string, bool) { return some(strings.Join(h.Options, ",")) },
			"weight":  func(h symbols.Hit) (string, bool) { return strconv.FormatFloat(h.Factor, 'g', -1, 64), true },
		}),
	}
}

func esld(host string) (string, bool) { return some(publicsuffix.ESLDOrSelf(host)) }
