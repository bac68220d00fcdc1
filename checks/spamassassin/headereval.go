package spamassassin

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/mail"
)

// relayFunction makes those of the plugin RelayEval.
func relayFunction(name string, _ []string) (function, error) {
	switch name {
	case "check_relays_unparseable":
		return func(e *evaluation) float64 {
			m := e.task.Message()
			return float64(max(0, len(m.Header().All("received"))-len(m.Hops())))
		}, nil
	case "check_no_relays":
		return yes(func(e *evaluation) bool { return len(e.task.Message().Received()) == 0 }), nil
	case "check_all_trusted":
		return yes(func(e *evaluation) bool { return len(e.relay().trusted) > 0 && len(e.relay().other) == 0 }), nil
	case "helo_ip_mismatch":
		return yes(func(e *evaluation) bool {
			return slices.ContainsFunc(e.relay().other, func(h mail.Received) bool {
				said, err := netip.ParseAddr(strings.Trim(h.Said.Helo, "[]"))
				return err == nil && h.Addr().IsValid() && said.Unmap() != h.Addr().Unmap() && !own(said)
			})
		}), nil
	}
	return nil, nil
}

// headerFunction makes those of the plugin HeaderEval.
func headerFunction(name string, args []string) (function, error) {
	switch name {
	case "check_for_missing_to_header":
		return yes(func(e *evaluation) bool { return len(aliases.Recipients(e.task)) == 0 }), nil
	case "check_for_shifted_date":
		return shiftedDate(args)
	case "subject_is_all_caps":
		return yes(func(e *evaluation) bool { return shouts(e.task.Message().Header().Text("subject")) }), nil
	case "check_header_count_range":
		return headerCount(name, args)
	case "check_illegal_chars":
		return illegalChars(args)
	case "check_for_to_in_subject":
		return toInSubject(args), nil
	case "check_equal_from_domains":
		return yes(func(e *evaluation) bool {
			from, env := e.task.Message().From(), e.task.Message().EnvelopeFrom()
			return len(from) > 0 && from[0].Domain != "" && env.Domain != "" && !from[0].SameDomain(&env)
		}), nil
	case "check_for_matching_env_and_hdr_from":
		return yes(func(e *evaluation) bool {
			from, env := e.task.Message().From(), e.task.Message().EnvelopeFrom()
			return len(from) > 0 && from[0].Same(&env)
		}), nil
	case "check_unresolved_template":
		return yes(func(e *evaluation) bool { return unresolved(e.task.Message()) }), nil
	case "sorted_recipients":
		return yes(func(e *evaluation) bool {
			to := e.task.Message().Recipients()
			return len(to) >= 7 && slices.IsSortedFunc(to, func(a, b mail.Address) int { return strings.Compare(a.Key(), b.Key()) })
		}), nil
	case "similar_recipients":
		return similarRecipients(args)
	}
	return nil, nil
}

// headerCount is how often a header stands there, from one number to another.
func headerCount(name string, args []string) (function, error) {
	if len(args) < 2 {
		return nil, fmt.Errorf("%s wants a header and one or two numbers", name)
	}
	low, err := number(args, 1, 0)
	if err != nil {
		return nil, err
	}
	high, err := number(args, 2, 1e9)
	return yes(func(e *evaluation) bool {
		n := float64(len(e.task.Message().Header().All(args[0])))
		return n >= low && n <= high
	}), err
}

// similarRecipients is how much the recipients are like each other, from one number
// up to another.
func similarRecipients(args []string) (function, error) {
	low, err := number(args, 0, 0)
	if err != nil {
		return nil, err
	}
	high, err := number(args, 1, 1e9)
	return yes(func(e *evaluation) bool {
		v := likeness(e.task.Message().Recipients())
		return v >= low && v < high && v > 0
	}), err
}

// shiftedDate compares Date with the newest time of a Received header, in hours;
// without one with the time of the scan.
func shiftedDate(args []string) (function, error) {
	low, err := number(args, 0, -1e9)
	if err != nil {
		return nil, err
	}
	high, err := number(args, 1, 1e9)
	return yes(func(e *evaluation) bool {
		date, ok := e.task.Message().Date()
		if !ok {
			return false
		}
		when := e.task.Now()
		for _, h := range e.task.Message().Received() {
			if !h.Time.IsZero() {
				when = h.Time
				break
			}
		}
		hours := date.Sub(when).Hours()
		return hours >= low && hours < high
	}), err
}

// shouts reports whether a subject is in capitals: more than ten letters, and
// more than one word.
func shouts(s string) bool {
	letters := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return r
	}, s)
	return len(letters) >= 10 && len(strings.Fields(s)) > 1 && letters == strings.ToUpper(letters) && letters != strings.ToLower(letters)
}

// illegalChars tells bytes above ASCII that a header does not declare: so large a
// part of it, and so many.
func illegalChars(args []string) (function, error) {
	if len(args) < 3 {
		return nil, fmt.Errorf("check_illegal_chars wants a header and two numbers")
	}
	ratio, err := number(args, 1, 0)
	if err != nil {
		return nil, err
	}
	count, err := number(args, 2, 0)
	return yes(func(e *evaluation) bool {
		m := e.task.Message()
		values := []string{allHeaders(m, true)}
		if !strings.EqualFold(args[0], "ALL") {
			values = nil
			for _, f := range m.Header().All(args[0]) {
				values = append(values, f.Value())
			}
		}
		all, bad := 0, 0
		for _, v := range values {
			all += len(v)
			for i := range len(v) {
				if v[i] >= 0x80 || v[i] == 0x7f || v[i] < ' ' && v[i] != '\t' && v[i] != '\n' && v[i] != '\r' {
					bad++
				}
			}
		}
		return all > 0 && float64(bad)/float64(all) > ratio && float64(bad) > count
	}), err
}

// toInSubject finds the recipient's address, or its local part, in the subject.
func toInSubject(args []string) function {
	address := len(args) > 0 && args[0] == "address"
	return yes(func(e *evaluation) bool {
		m := e.task.Message()
		subject := strings.ToLower(m.Header().Text("subject"))
		return slices.ContainsFunc(m.To(), func(a mail.Address) bool {
			want := strings.ToLower(a.Key())
			if !address {
				want = strings.ToLower(a.User)
				return want != "" && (subject == want || strings.HasPrefix(subject, want+",") || strings.HasPrefix(subject, want+" "))
			}
			return want != "" && strings.Contains(subject, want)
		})
	})
}

// unresolved finds a placeholder of a mailing program in the header.
func unresolved(m *mail.Message) bool {
	for _, f := range m.Header().Fields() {
		s := f.Value()
		for i := strings.Index(s, "%"); i >= 0; {
			rest := s[i+1:]
			n := 0
			for n < len(rest) && (rest[n] >= 'A' && rest[n] <= 'Z' || rest[n] == '_') {
				n++
			}
			if n > 3 && n < len(rest) && rest[n] == '%' {
				return true
			}
			j := strings.Index(rest, "%")
			if j < 0 {
				break
			}
			i += 1 + j
		}
	}
	return false
}

// likeness is the share of neighbours in the list of recipients that begin alike
// at the same domain.
func likeness(list []mail.Address) float64 {
	const few, same = 5, 3
	if len(list) < few {
		return 0
	}
	hits := 0
	for i := range len(list) - 1 {
		a, b := &list[i], &list[i+1]
		if len(a.User) >= same && len(b.User) >= same && a.SameDomain(b) && a.User[:same] == b.User[:same] {
			hits++
		}
	}
	return float64(hits) / float64(len(list)-1)
}
