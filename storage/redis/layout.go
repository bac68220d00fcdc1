package redis

import "strings"

// A layout names the keys of everything.
type layout struct {
	prefix string
	rspamd bool
}

func (l layout) name(kind, name string) string {
	if l.rspamd {
		return l.prefix + name
	}
	return l.prefix + kind + name
}

func (l layout) kv(key string) string      { return l.name("k:", key) }
func (l layout) bucket(name string) string { return l.name("b:", name) }
func (l layout) series(name string) string { return l.name("a:", name) }
func (l layout) list(name string) string   { return l.name("r:", name) }
func (l layout) set(name string) string    { return l.name("z:", name) }

// table is what the names of a table's keys begin with; in Rspamd's layout it
// is the hash with the numbers of lessons.
func (l layout) table(name string) string {
	if l.rspamd {
		return l.prefix + name
	}
	return l.prefix + "t:{" + inBraces(name) + "}:"
}

// beside begins the names of what Rspamd has no place for: the notes of lessons
// and the logs. Rspamd looks for its own keys by their beginning.
const beside = defaultPrefix + "rspamd:"

// notes is what the names of the keys with a table's lessons begin with.
func (l layout) notes(table string) string {
	if l.rspamd {
		return beside + "t:{" + inBraces(l.prefix+table) + "}:"
	}
	return l.table(table)
}

// log is what the names of a log's keys begin with.
func (l layout) log(name string) string {
	if l.rspamd {
		return beside + "l:{" + inBraces(l.prefix+name) + "}:"
	}
	return l.prefix + "l:{" + inBraces(name) + "}:"
}

// inBraces makes a name fit for braces, where a Cluster reads up to the first
// closing one.
func inBraces(name string) string {
	if !strings.ContainsAny(name, "%}") {
		return name
	}
	return strings.NewReplacer("%", "%25", "}", "%7D").Replace(name)
}

// glob makes a pattern of SCAN that matches s and nothing else.
func glob(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte(`*?[]\^-`, c) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}
