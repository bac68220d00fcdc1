package mail

import (
	"sync"
	"sync/atomic"
)

// lazyHTML holds the view of an HTML part.
type lazyHTML struct {
	htmlOnce sync.Once
	html     *HTML
}

// lazyWords holds the views of a text's words.
type lazyWords struct {
	wordsOnce sync.Once
	words     []Word
	wordsCut  sync.Once // the note that there are more

	foldedOnce sync.Once
	folded     string

	langOnce   sync.Once
	lang       string
	confidence float64

	scriptsOnce sync.Once
	scripts     map[string]int
}

// lazyURL holds the addresses found in a message.
type lazyURL struct {
	urlsOnce     sync.Once
	searched     atomic.Bool // urls are there
	urlBytes     map[*Text]int
	urls, emails []*URL

	contentOnce sync.Once
	contentURLs []*URL
}
