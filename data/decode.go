package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // registers the decoder
	_ "image/png"  // registers the decoder
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // registers the decoder
)

// maxDecodedPixels bounds the pixels of an image file, whatever its header claims.
const maxDecodedPixels = 1 << 27

// dimensions returns the width and height that the header of a PNG, JPEG or WebP file claims.
func dimensions(content []byte) (width, height int, err error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(content))
	if errors.Is(err, image.ErrFormat) {
		return 0, 0, errors.New("not an image: there must be a PNG, JPEG or WebP file")
	}
	if err != nil {
		return 0, 0, undecodable(err)
	}
	return config.Width, config.Height, nil
}

// decode returns the image in a file whose dimensions have been checked.
func decode(content []byte) (image.Image, error) {
	img, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, undecodable(err)
	}
	return img, nil
}

// undecodable says that a file is cut short or damaged.
func undecodable(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the image is cut short (%w)", err)
	}
	return fmt.Errorf("the image is damaged (%w)", err)
}

// decodeExactly writes an image that must have size x size pixels to pixels [size, size, 3].
func decodeExactly(pixels, content []byte, size int) error {
	width, height, err := dimensions(content)
	if err != nil {
		return err
	}
	if width != size || height != size {
		return fmt.Errorf("an image of %dx%d pixels: there must be %dx%d", width, height, size, size)
	}
	img, err := decode(content)
	if err != nil {
		return err
	}
	square := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.Draw(square, square.Bounds(), img, img.Bounds().Min, draw.Src)
	packPixels(pixels, square, 3)
	return nil
}

// decodeCentre scales an image so that its shorter side has size pixels, crops the centre of the longer side and
// writes the result to pixels [size, size, channels]. Transparent parts become black.
func decodeCentre(pixels, content []byte, size, channels int) error {
	width, height, err := dimensions(content)
	if err != nil {
		return err
	}
	if width < 1 || height < 1 || int64(width)*int64(height) > maxDecodedPixels {
		return fmt.Errorf("an image of %dx%d pixels: there must be 1 to %d pixels", width, height, maxDecodedPixels)
	}
	img, err := decode(content)
	if err != nil {
		return err
	}
	b := img.Bounds()
	side := min(b.Dx(), b.Dy())
	corner := b.Min.Add(image.Pt((b.Dx()-side)/2, (b.Dy()-side)/2))
	centre := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
	square := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.CatmullRom.Scale(square, square.Bounds(), img, centre, draw.Src, nil)
	packPixels(pixels, square, channels)
	return nil
}

// packPixels copies the colours of a square image, or their luma where there is one channel.
func packPixels(pixels []byte, square *image.RGBA, channels int) {
	for i := range len(pixels) / channels {
		rgb := square.Pix[4*i : 4*i+3 : 4*i+3]
		if channels == 1 {
			pixels[i] = luma(rgb)
		} else {
			copy(pixels[3*i:], rgb)
		}
	}
}

// luma returns the brightness of a colour by the weights of ITU-R BT.601.
func luma(rgb []byte) byte {
	return byte((299*int(rgb[0]) + 587*int(rgb[1]) + 114*int(rgb[2]) + 500) / 1000)
}
