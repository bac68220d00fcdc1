package lists

// ReadCDB looks a key up in what may be a constant database.
func ReadCDB(data []byte, key string) (records int, found bool) {
	f, err := readCDB(data)
	if err != nil {
		return 0, false
	}
	_, found = f.find(key)
	return f.len(), found
}
