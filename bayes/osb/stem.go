package osb

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/winnowmail/winnow/internal/stem"
)

//go:embed data/stopwords.txt
var stopWordLines string

type stopWords struct {
	stems map[string]bool     // of all languages
	in    map[string][]string // word -> languages
	count map[string]int      // language -> words
}

// allStopWords are Rspamd's. A word is one if its stem is the stem of one,
// whatever the languages.
var allStopWords = sync.OnceValue(func() stopWords {
	s := stopWords{map[string]bool{}, map[string][]string{}, map[string]int{}}
	for line := range strings.Lines(stopWordLines) {
		list := strings.Fields(line)
		if len(list) == 0 {
			continue
		}
		stem := stem.Of(list[0])
		s.count[list[0]] = len(list) - 1
		for _, w := range list[1:] {
			s.stems[stem(w)] = true
			s.in[w] = append(s.in[w], list[0])
		}
	}
	return s
})

func isStopWord(stem string) bool { return allStopWords().stems[stem] }
