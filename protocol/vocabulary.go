package protocol

// Term returns the words for an element's name in the contracts, in the language.
// A name that the vocabulary does not have is written out as it reads: anatomicalSite
// becomes "Anatomical site".
func Term(key string, lang Language) string {
	swedish, english, found := lookUp(key)
	switch {
	case !found:
		return humanise(key)
	case lang == English:
		return english
	default:
		return swedish
	}
}

// lookUp finds a key by halving the vocabulary, which stays one string: an index
// beside it would weigh as much again in the browser's program.
func lookUp(key string) (swedish, english string, found bool) {
	low, high := 0, len(vocabulary)
	for low < high {
		start := low + (high-low)/2
		for start > low && vocabulary[start-1] != '\n' {
			start--
		}
		name, next := until(vocabulary, start, '|')
		swedish, next = until(vocabulary, next, '|')
		english, next = until(vocabulary, next, '\n')
		switch {
		case name == key:
			return swedish, english, true
		case name < key:
			low = next
		default:
			high = start
		}
	}
	return "", "", false
}

// until returns the text from start to the next mark, and where the text after it begins.
func until(s string, start int, mark byte) (text string, next int) {
	end := start
	for end < len(s) && s[end] != mark {
		end++
	}
	return s[start:end], min(end+1, len(s))
}

// humanise parts the words of a camelCase name with spaces, lowers the first letters
// of those that are not abbreviations, and raises the first letter of all.
func humanise(key string) string {
	words := make([]byte, 0, len(key)+8)
	for i := 0; i < len(key); i++ {
		c := key[i]
		if i > 0 && startsWord(key, i) {
			words = append(words, ' ')
		}
		switch {
		case i == 0 && isLower(c):
			c -= 'a' - 'A'
		case i > 0 && isUpper(c) && startsWord(key, i) && !(i+1 < len(key) && isUpper(key[i+1])):
			c += 'a' - 'A'
		}
		words = append(words, c)
	}
	return string(words)
}

// startsWord reports whether a word begins at i > 0: a capital after a small letter
// or a digit, the last capital of an abbreviation before a small letter, or a digit
// after a letter.
func startsWord(s string, i int) bool {
	before, c := s[i-1], s[i]
	switch {
	case isUpper(c) && (isLower(before) || isDigit(before)):
		return true
	case isUpper(c) && isUpper(before):
		return i+1 < len(s) && isLower(s[i+1])
	default:
		return isDigit(c) && (isLower(before) || isUpper(before))
	}
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
