package mail

import "strings"

// ParseMessageIDs returns the message identifiers of a Message-ID,
// In-Reply-To or References value without their brackets. A value without any
// brackets counts as one identifier.
func ParseMessageIDs(value string) []string {
	// A value ends with its field: at an empty line.
	for _, end := range [...]string{"\n\n", "\n\r\n"} {
		if i := strings.Index(value, end); i >= 0 {
			value = value[:i]
		}
	}
	if !strings.Contains(value, "<") {
		if fs := strings.Fields(value); len(fs) == 1 {
			return fs
		}
		return nil
	}
	var ids []string
	for rest := value; ; {
		i := strings.IndexByte(rest, '<')
		if i < 0 {
			return ids
		}
		rest = rest[i+1:]
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			end = len(rest)
		}
		if id := strings.Join(strings.Fields(rest[:end]), ""); id != "" {
			ids = append(ids, id)
		}
		rest = rest[min(end+1, len(rest)):]
	}
}
