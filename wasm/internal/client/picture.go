package client

import "bytes"

// Limits of a picture that is shown: a small file can unfold into more memory than the
// computer has.
const (
	maxPictureSide   = 8192
	maxPicturePixels = 16 << 20
)

// pictureSize reads how large a picture is from its first bytes, and reports false for
// one that does not say, or that is too large to unfold. It unfolds nothing.
func pictureSize(b []byte) (width, height int, ok bool) {
	switch formatOf(b) {
	case formatPNG:
		width, height = sizePNG(b)
	case formatGIF:
		width, height = sizeGIF(b)
	case formatJPEG:
		width, height = sizeJPEG(b)
	}
	ok = width > 0 && height > 0 && width <= maxPictureSide && height <= maxPictureSide && width*height <= maxPicturePixels
	return width, height, ok
}

// sizePNG reads the first chunk, which must say the size. One that moves is not shown.
func sizePNG(b []byte) (width, height int) {
	if len(b) < 24 || string(b[12:16]) != "IHDR" || bytes.Contains(b, []byte("acTL")) {
		return 0, 0
	}
	return big(b[16:20]), big(b[20:24])
}

// sizeGIF reads the size of the screen that its one picture must lie within. One that
// moves is not shown.
func sizeGIF(b []byte) (width, height int) {
	if len(b) < 13 {
		return 0, 0
	}
	width, height = little(b[6:]), little(b[8:])
	frames, at := 0, 13+colours(b[10])
	for at < len(b) {
		switch {
		case b[at] == 0x21 && at+2 < len(b):
			at += 2
		case b[at] == 0x2c && at+11 <= len(b):
			if frames++; frames > 1 || little(b[at+1:])+little(b[at+5:]) > width || little(b[at+3:])+little(b[at+7:]) > height {
				return 0, 0
			}
			at += 11 + colours(b[at+9])
		default:
			if b[at] != 0x3b || frames == 0 {
				return 0, 0
			}
			return width, height
		}
		for at < len(b) && b[at] != 0 {
			at += 1 + int(b[at])
		}
		at++
	}
	if frames == 0 {
		return 0, 0
	}
	return width, height
}

// colours is how long the table of colours is that a byte of flags tells of.
func colours(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

func little(b []byte) int { return int(b[0]) | int(b[1])<<8 }

// sizeJPEG goes from marker to marker up to the one that says the size.
func sizeJPEG(b []byte) (width, height int) {
	for at := 2; at+9 <= len(b) && b[at] == 0xff; {
		marker := b[at+1]
		switch {
		case marker == 0xff: // filling
			at++
			continue
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return big(b[at+7 : at+9]), big(b[at+5 : at+7])
		case marker == 0xd9, marker == 0xda, marker < 0xc0, marker >= 0xd0 && marker <= 0xd8:
			return 0, 0 // data, or its end, before any size
		}
		length := big(b[at+2 : at+4])
		if length < 2 {
			return 0, 0
		}
		at += 2 + length
	}
	return 0, 0
}

// big reads a number, its largest byte first. Four bytes or fewer; what does not fit
// comes out too large for any use.
func big(b []byte) int {
	n := 0
	for _, c := range b {
		if n > 1<<20 {
			return 1 << 30
		}
		n = n<<8 | int(c)
	}
	return n
}
