package spamassassin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/mail"
)

// A function is what a rule with eval: or exists: computes.
type function = func(e *evaluation) float64

// functionNames are the functions of plugins that there are, sorted.
func functionNames() []string {
	return []string{
		"check_all_trusted", "check_blank_line_ratio", "check_body_8bits", "check_body_length", "check_equal_from_domains", "check_for_ascii_text_illegal", "check_for_matching_env_and_hdr_from",
		"check_for_mime", "check_for_mime_html", "check_for_mime_html_only", "check_for_missing_to_header", "check_for_shifted_date", "check_for_to_in_subject", "check_for_uppercase",
		"check_freemail_from", "check_freemail_header", "check_freemail_replyto", "check_from_in_blacklist", "check_from_in_blocklist", "check_from_in_default_welcomelist",
		"check_from_in_default_whitelist", "check_from_in_list", "check_from_in_welcomelist", "check_from_in_whitelist", "check_header_count_range", "check_illegal_chars",
		"check_iframe_src", "check_ma_non_text", "check_microsoft_executable", "check_mime_multipart_ratio", "check_msg_parse_flags", "check_no_relays", "check_relays_unparseable",
		"check_replyto_in_list", "check_to_in_all_spam", "check_to_in_blacklist", "check_to_in_blocklist", "check_to_in_more_spam", "check_to_in_welcomelist", "check_to_in_whitelist",
		"check_unresolved_template", "helo_ip_mismatch", "html_range", "html_tag_exists", "html_test",
		"html_text_match", "multipart_alternative_difference", "similar_recipients", "sorted_recipients", "subject_is_all_caps",
	}
}

// known reports whether there is a function of a name.
func known(name string) bool {
	_, ok := slices.BinarySearch(functionNames(), name)
	return ok && slices.ContainsFunc(makers(), func(m maker) bool {
		f, _ := m(name, []string{"", "", "", ""})
		return f != nil
	})
}

// A maker makes functions of their arguments; nil, nil stands for one that it
// does not know.
type maker = func(name string, args []string) (function, error)

func makers() []maker {
	return []maker{addressFunction, freemailFunction, headerFunction, relayFunction, bodyFunction, htmlFunction}
}

// readFunction reads name('a', "b", 3).
func readFunction(s string) (function, error) {
	name, rest, ok := strings.Cut(s, "(")
	name = strings.TrimSpace(name)
	if !ok {
		rest = ")"
	}
	end := strings.LastIndexByte(rest, ')')
	if end < 0 {
		return nil, errors.New("the parenthesis of the function is not closed")
	}
	args, err := arguments(rest[:end])
	if err != nil {
		return nil, err
	}
	for _, m := range makers() {
		if f, err := m(name, args); f != nil || err != nil {
			return f, err
		}
	}
	return nil, fmt.Errorf("the function %s is not here%s", name, nearest.Hint(name, slices.Values(functionNames())))
}

func arguments(s string) ([]string, error) {
	var args []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var a string
		if c := s[0]; c == '\'' || c == '"' {
			end := 1
			for end < len(s) && s[end] != c {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(s) {
				return nil, errors.New("an argument of the function is not closed")
			}
			a, s = s[1:end], strings.TrimSpace(s[end+1:])
		} else {
			var more bool
			if a, s, more = strings.Cut(s, ","); more {
				s = "," + s
			}
			a = strings.TrimSpace(a)
		}
		args = append(args, a)
		if s != "" && s[0] != ',' {
			return nil, errors.New("the arguments of the function are not understood")
		}
		s = strings.TrimPrefix(s, ",")
	}
	return args, nil
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func yes(ok func(e *evaluation) bool) function {
	return func(e *evaluation) float64 { return truth(ok(e)) }
}

// number reads an argument; absent, empty and "undef" are def.
func number(args []string, i int, def float64) (float64, error) {
	if i >= len(args) || args[i] == "" || args[i] == "undef" {
		return def, nil
	}
	n, err := strconv.ParseFloat(args[i], 64)
	if err != nil {
		return 0, fmt.Errorf("the argument %q of the function is no number", args[i])
	}
	return n, nil
}

// exists makes the function of exists:Header.
func exists(name string) (function, error) {
	if err := knownHeader(name); err != nil {
		return nil, err
	}
	key := headerKey(name)
	return yes(func(e *evaluation) bool { return len(e.header(key)) > 0 }), nil
}

// addressFunction makes those that look for addresses in lists.
func addressFunction(name string, args []string) (function, error) {
	from := func(list string) function {
		return yes(func(e *evaluation) bool {
			return slices.ContainsFunc(e.senders(), func(a mail.Address) bool { return e.lists.has(list, &a) })
		})
	}
	to := func(list string) function {
		return yes(func(e *evaluation) bool {
			return slices.ContainsFunc(e.recipients(), func(a mail.Address) bool { return e.lists.has(list, &a) })
		})
	}
	switch name {
	case "check_from_in_whitelist", "check_from_in_welcomelist":
		return from("from_good"), nil
	case "check_from_in_blacklist", "check_from_in_blocklist":
		return from("from_bad"), nil
	case "check_from_in_default_whitelist", "check_from_in_default_welcomelist":
		return from("from_default"), nil
	case "check_to_in_whitelist", "check_to_in_welcomelist":
		return to("to_good"), nil
	case "check_to_in_blacklist", "check_to_in_blocklist":
		return to("to_bad"), nil
	case "check_to_in_more_spam":
		return to("more_spam_to"), nil
	case "check_to_in_all_spam":
		return to("all_spam_to"), nil
	case "check_from_in_list", "check_replyto_in_list":
		if len(args) < 1 {
			return nil, fmt.Errorf("%s wants the name of a list", name)
		}
		list := "list " + args[0]
		if name == "check_from_in_list" {
			return from(list), nil
		}
		return yes(func(e *evaluation) bool {
			return slices.ContainsFunc(e.task.Message().ReplyTo(), func(a mail.Address) bool { return e.lists.has(list, &a) })
		}), nil
	}
	return nil, nil
}

// senders are the addresses that may have sent the message.
func (e *evaluation) senders() []mail.Address {
	m := e.task.Message()
	out := slices.Clone(aliases.From(e.task))
	for _, h := range [...]string{"envelope-sender", "resent-sender", "x-envelope-from"} {
		out = append(out, mail.ParseAddressList(m.Header().Text(h), 10)...)
	}
	return append(out, m.EnvelopeFrom())
}

func (e *evaluation) recipients() []mail.Address {
	return append(slices.Clone(aliases.Recipients(e.task)), e.task.Message().EnvelopeRcpts()...)
}

// freemailFunction makes those of the plugin FreeMail.
func freemailFunction(name string, args []string) (function, error) {
	var re *matcher.Pattern
	pattern := func(i int) (err error) {
		if len(args) > i && args[i] != "" {
			re, err = matcher.Compile(args[i], matcher.Options{Flags: "i"})
		}
		return err
	}
	free := func(e *evaluation, list []mail.Address) bool {
		return slices.ContainsFunc(list, func(a mail.Address) bool {
			return e.lists.free(&a) && (re == nil || re.Match(a.Addr, matcher.For(len(a.Addr))))
		})
	}
	switch name {
	case "check_freemail_from":
		err := pattern(0)
		return yes(func(e *evaluation) bool {
			from := e.task.Message().From()
			if len(from) == 0 {
				from = []mail.Address{e.task.Message().EnvelopeFrom()}
			}
			return free(e, from)
		}), err
	case "check_freemail_replyto":
		if len(args) > 0 && args[0] != "" && args[0] != "reply" && args[0] != "replyto" {
			return nil, fmt.Errorf("check_freemail_replyto knows replyto and reply, not %q", args[0])
		}
		return yes(func(e *evaluation) bool {
			m := e.task.Message()
			if !free(e, m.ReplyTo()) {
				return false
			}
			from := m.From()
			return len(args) == 0 || len(from) > 0 && free(e, from) && !from[0].Same(&m.ReplyTo()[0])
		}), nil
	case "check_freemail_header":
		if len(args) < 1 {
			return nil, errors.New("check_freemail_header wants a header")
		}
		err := pattern(1)
		key := headerKey(args[0])
		return yes(func(e *evaluation) bool {
			for _, x := range e.header(key) {
				if free(e, mail.ParseAddressList(x.Text, 50)) || free(e, inText(x.Text)) {
					return true
				}
			}
			return false
		}), err
	}
	return nil, nil
}

// inText finds addresses in a text that is no list of them.
func inText(s string) []mail.Address {
	var out []mail.Address
	mail.FindURLs(s, func(u mail.URL) bool {
		if u.Scheme == "mailto" {
			out = append(out, mail.ParseAddress(u.User+"@"+u.Host))
		}
		return len(out) < 50
	})
	return out
}
