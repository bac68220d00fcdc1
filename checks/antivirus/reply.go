package antivirus

import (
	"errors"
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/internal/peer"
)

// The outcomes of a scan, as they stand in the store, in Rspamd's words. Any other
// is the name of a virus.
const (
	clean     = "OK"
	encrypted = "ENCRYPTED"
	macro     = "MACRO"
)

// An answer is what clamd found in one message or part.
type answer struct {
	Found  string // an outcome, "" where Failed says why there is none
	Failed string `json:",omitempty"`
}

// maxVirus bounds the name of a virus.
const maxVirus = 256

// errTooLarge is of data beyond clamd's StreamMaxLength: another server would say so
// too, as they do the same.
var errTooLarge = fmt.Errorf("larger than clamd takes: %w", peer.ErrFinal)

// readAnswer tells what a reply means (clamd(8): "stream: OK", "stream: NAME FOUND",
// "REASON ERROR").
func readAnswer(reply string) (answer, error) {
	said, ok := strings.CutPrefix(reply, "stream: ")
	name, found := strings.CutSuffix(said, " FOUND")
	switch {
	case ok && said == clean:
		return answer{Found: clean}, nil
	case ok && found && name != "":
		return named(name), nil
	case strings.HasPrefix(reply, "INSTREAM size limit exceeded"):
		return answer{}, errTooLarge
	}
	return answer{}, fmt.Errorf("%w: %.100q", errReply, reply)
}

var errReply = errors.New("unhandled reply")

// named tells names of what is no virus but a reason to look closer: heuristics that
// clamd's configuration switches on.
func named(name string) answer {
	switch {
	case strings.HasPrefix(name, "Heuristics.Encrypted"):
		return answer{Found: encrypted}
	case strings.HasPrefix(name, "Heuristics.OLE2.ContainsMacros"):
		return answer{Found: macro}
	case strings.HasPrefix(name, "Heuristics.Limits.Exceeded"):
		return answer{Failed: "Limits Exceeded: " + printable(name)}
	}
	return answer{Found: printable(name)}
}

// printable makes text of a name that goes into symbols and SMTP replies. A name that
// means an outcome in the store is none.
func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, name[:min(len(name), maxVirus)])
	switch name {
	case clean, encrypted, macro:
		return name + "?"
	}
	return name
}

// expand fills a Message's template. Names other than SCANNER and VIRUS are an
// error.
func expand(template, scanner, virus string) (string, error) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "${")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		name, after, ok := strings.Cut(rest, "}")
		switch {
		case !ok:
			return "", errors.New("${ without }")
		case name == "SCANNER":
			b.WriteString(scanner)
		case name == "VIRUS":
			b.WriteString(virus)
		default:
			return "", fmt.Errorf("${%s} is neither ${SCANNER} nor ${VIRUS}", name)
		}
		template = after
	}
}
