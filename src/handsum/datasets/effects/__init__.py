"""What happens to the digits of data sets: other hands, a sheet, a photograph of it."""
