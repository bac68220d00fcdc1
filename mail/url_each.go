package mail

// EachURL calls f with every URL and e-mail address of running text, in the
// order of the text and with its place, until f returns false. Without hosts
// only those are found that have a scheme or begin with "www.", and addresses.
func EachURL(text string, hosts bool, f func(u URL, start, end int) bool) {
	finder{text: text, strict: !hosts}.find(f)
}

// ImageSize returns the width and the height in pixels that the image in p says
// it has; 0, 0 if p is none or of a kind that is not read.
func (p *Part) ImageSize() (width, height int) { return imageSize(p.Content()) }
