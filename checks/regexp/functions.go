package regexp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/mail"
)

// A function answers a question about the message.
type function = func(t *checks.Task) bool

// Functions lists the names of those that expressions may call, sorted.
func Functions() []string {
	return []string{
		"check_smtp_data", "compare_encoding", "compare_parts_distance", "compare_recipients_distance", "compare_transfer_encoding", "content_type_compare_param",
		"content_type_has_param", "content_type_is_subtype", "content_type_is_type", "has_content_part", "has_content_part_len", "has_fake_html", "has_flag", "has_html_tag",
		"has_only_html_part", "has_symbol", "header_exists", "is_empty_body", "is_html_balanced", "is_recipients_sorted", "raw_header_exists",
	}
}

// An argument is text to compare with in any case, or a pattern.
type argument struct {
	text string
	re   *matcher.Pattern
}

func (a argument) matches(s string) bool {
	if a.re != nil {
		return s != "" && a.re.Match(strings.ToValidUTF8(s, "\ufffd"), matcher.For(len(s)))
	}
	return strings.EqualFold(a.text, s)
}

// function reads a call that stands from at to end.
func (r *reader) function(at, end int) error {
	name, rest, _ := strings.Cut(r.in[at:end], "(")
	name = strings.TrimSpace(name)
	args, err := arguments(strings.TrimSuffix(rest, ")"))
	if err != nil {
		return r.errorf(at, "%s: %v", name, err)
	}
	f, err := makeFunction(name, args)
	if err != nil {
		return r.errorf(at, "%v", err)
	}
	r.e.symbols = r.e.symbols || name == "has_symbol"
	r.add(atom{call: f}, at)
	return nil
}

// arguments reads "a, 'b', /c/i".
func arguments(s string) ([]argument, error) {
	var args []argument
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var a argument
		switch c := s[0]; c {
		case '\'', '"', '/':
			end := 1
			for end < len(s) && s[end] != c {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(s) {
				return nil, errors.New("an argument is not closed")
			}
			a.text, s = s[1:end], s[end+1:]
			if c == '/' {
				n := 0
				for n < len(s) && s[n] >= 'a' && s[n] <= 'z' {
					n++
				}
				var err error
				if a.re, err = matcher.Compile(a.text, matcher.Options{Flags: strings.Trim(s[:n], "ur")}); err != nil {
					return nil, err
				}
				s = s[n:]
			}
		default:
			end := strings.IndexByte(s, ',')
			if end < 0 {
				end = len(s)
			}
			a.text, s = strings.TrimSpace(s[:end]), s[end:]
		}
		args = append(args, a)
		s = strings.TrimSpace(s)
		if s != "" {
			if s[0] != ',' {
				return nil, fmt.Errorf("unexpected %.10q after an argument", s)
			}
			s = s[1:]
		}
	}
	return args, nil
}

// wants says how many arguments a function has.
func wants(name string) (least, most int, ok bool) {
	switch name {
	case "header_exists", "raw_header_exists", "compare_encoding", "compare_recipients_distance", "compare_transfer_encoding", "has_html_tag", "has_symbol", "has_flag":
		return 1, 1, true
	case "has_only_html_part", "has_fake_html", "is_html_balanced", "is_recipients_sorted", "is_empty_body":
		return 0, 0, true
	case "check_smtp_data":
		return 2, 2, true
	case "compare_parts_distance":
		return 0, 2, true
	case "content_type_compare_param":
		return 2, 3, true
	case "content_type_has_param", "content_type_is_type", "content_type_is_subtype", "has_content_part":
		return 1, 2, true
	case "has_content_part_len":
		return 2, 4, true
	}
	return 0, 0, false
}

func makeFunction(name string, args []argument) (function, error) {
	least, most, ok := wants(name)
	if !ok {
		return nil, fmt.Errorf("function %s is not known%s", name, nearest.Hint(name, slices.Values(Functions())))
	}
	if len(args) < least || len(args) > most {
		return nil, fmt.Errorf("%s has %d arguments, wants %d to %d", name, len(args), least, most)
	}
	for _, make := range [...]func(string, []argument) (function, error){envelopeFunction, bodyFunction, typeFunction} {
		if f, err := make(name, args); f != nil || err != nil {
			return f, err
		}
	}
	return nil, fmt.Errorf("function %s is not known", name)
}

// envelopeFunction makes those that look at headers and addresses.
func envelopeFunction(name string, args []argument) (function, error) {
	switch name {
	case "header_exists", "raw_header_exists":
		return func(t *checks.Task) bool { return t.Message().Header().Has(args[0].text) }, nil
	case "check_smtp_data":
		return smtpData(args)
	case "is_recipients_sorted":
		return func(t *checks.Task) bool { return sorted(t.Message().Recipients()) }, nil
	case "compare_recipients_distance":
		least, err := strconv.ParseFloat(args[0].text, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no number", name, args[0].text)
		}
		return func(t *checks.Task) bool { return likeness(t.Message().Recipients()) >= least }, nil
	case "has_symbol":
		return func(t *checks.Task) bool {
			_, ok := slices.BinarySearch(t.Names(), args[0].text)
			return ok
		}, nil
	case "has_flag":
		switch args[0].text {
		case "broken_headers":
			return func(t *checks.Task) bool { return t.Message().BrokenHeaders() }, nil
		case "skip", "no_log", "no_stat", "pass_all", "learn_spam", "learn_ham", "greylisted", "skip_process", "milter", "extended_urls", "bad_unicode":
			return nil, fmt.Errorf("has_flag: %s is a state of Rspamd's own", args[0].text)
		}
		return nil, fmt.Errorf("has_flag: %q is not known", args[0].text)
	}
	return nil, nil
}

func smtpData(args []argument) (function, error) {
	want := args[1]
	switch strings.ToLower(args[0].text) {
	case "from":
		return func(t *checks.Task) bool {
			from := t.Message().EnvelopeFrom()
			return from.Addr != "" && want.matches(from.Addr)
		}, nil
	case "helo":
		return func(t *checks.Task) bool { return t.Envelope().Helo != "" && want.matches(t.Envelope().Helo) }, nil
	case "user":
		return func(t *checks.Task) bool { return t.Authenticated() && want.matches(t.Envelope().User) }, nil
	case "subject":
		return func(t *checks.Task) bool {
			s := t.Message().Header().Get("subject")
			return s != nil && want.matches(s.Text())
		}, nil
	case "rcpt":
		return func(t *checks.Task) bool {
			return slices.ContainsFunc(t.Message().EnvelopeRcpts(), func(a mail.Address) bool { return a.Addr != "" && want.matches(a.Addr) })
		}, nil
	}
	return nil, fmt.Errorf("check_smtp_data: %q is none of from, helo, user, subject, rcpt", args[0].text)
}

// Rspamd looks at lists of seven recipients and more.
const fewRecipients = 7

func sorted(list []mail.Address) bool {
	return len(list) >= fewRecipients && slices.IsSortedFunc(list, func(a, b mail.Address) int { return strings.Compare(a.Key(), b.Key()) })
}

// likeness is how many neighbours in the list, ordered by domain, are of one
// length and begin with the same three letters, halved, as Rspamd counts.
func likeness(list []mail.Address) float64 {
	if len(list) < fewRecipients {
		return 0
	}
	keys := make([]mail.Address, 0, len(list))
	for _, a := range list {
		if len(a.Addr) > 3 {
			keys = append(keys, a)
		}
	}
	slices.SortStableFunc(keys, func(a, b mail.Address) int {
		x, y := a.DomainKey(), b.DomainKey()
		if len(x) != len(y) {
			return len(x) - len(y)
		}
		return strings.Compare(x, y)
	})
	hits := 0
	for i := range len(keys) - 1 {
		a, b := keys[i].Key(), keys[i+1].Key()
		if len(a) == len(b) && a[:3] == b[:3] {
			hits++
		}
	}
	return float64(hits) / 2
}
