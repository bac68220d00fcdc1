package neural

import (
	"encoding/json"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// A Vector is what nets see of a message.
type Vector struct {
	Symbols []string `json:"s"` // that were raised, sorted
	Numbers []byte   `json:"n"` // see numbersOf
}

// Fact is the vector of the message in hand. It is not recorded: a replay has none.
var Fact = checks.Fact[*Vector]{Name: "neural-vector"}

// numbers is how many numbers a vector has.
const numbers = 8

// Vector is what the nets see of a message on which symbols were raised, by their
// names.
func (n *Nets) Vector(m *mail.Message, raised []string) *Vector {
	v := &Vector{Numbers: numbersOf(m)}
	for _, name := range raised {
		if !n.exclude[name] && !strings.HasPrefix(name, "BAYES_") {
			v.Symbols = append(v.Symbols, name)
		}
	}
	slices.Sort(v.Symbols)
	return v
}

// numbersOf are what no symbol says: the sizes and counts of a message, by their
// logarithms, each up to 255.
func numbersOf(m *mail.Message) []byte {
	texts, words := 0, 0
	for _, p := range m.Parts() {
		if x := p.Text(); x != nil {
			texts++
			words += len(x.UTF8())
		}
	}
	counts := [numbers]int{
		len(m.Raw()), len(m.Parts()), texts, words, len(m.Header().Fields()), len(m.Header().All("Received")),
		len(m.EnvelopeRcpts()), utf8.RuneCountInString(m.Header().Text("Subject")),
	}
	var scale = [numbers]int{10, 40, 60, 12, 36, 50, 40, 30}
	list := make([]byte, numbers)
	for i, c := range counts {
		list[i] = byte(min(255, bits.Len(uint(c))*scale[i]))
	}
	return list
}

func (v *Vector) marshal() ([]byte, error) { return json.Marshal(v) }

// parseVector reads what marshal wrote.
func parseVector(data []byte) (v Vector, ok bool) {
	if err := json.Unmarshal(data, &v); err != nil || len(v.Symbols) > maxColumns {
		return v, false
	}
	return v, true
}
