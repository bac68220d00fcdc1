package mail

import "sync"

// lazyHTML holds what is computed once per text part on first use.
type lazyHTML struct {
	htmlOnce sync.Once
	html     *HTML

	wordsOnce sync.Once
	words     []Word

	langOnce   sync.Once
	lang       string
	confidence float64

	scriptsOnce sync.Once
	scripts     map[string]int
}

// lazyURLs holds the addresses found in a message.
type lazyURLs struct {
	urlsOnce     sync.Once
	urls, emails []*URL
}
