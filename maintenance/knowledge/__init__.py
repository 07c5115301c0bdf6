"""Knowledge: articles and closed orders, searched and recommended by symptom, class and failure."""
